"""What is said: lines as speech recognition would give them, and captions that name every attribute.

A caption never claims what the picture denies: only balls "roll" (what has corners "tumbles"), and of a stack it is
told how it ended. Lines come without punctuation, shifted in time, some without an attribute, some with a word lost,
and more than a quarter of them about nothing in the picture.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vatt_edu.minitube.couples import Couple, factors_from
from vatt_edu.minitube.presets import Knobs
from vatt_edu.minitube.world import Factors, stream

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}

# {o}: the thing with its attributes, {p}: the same in the plural, {c}: the count as a word.
# The first sentence is the canonical caption; an evaluation clip's paraphrases are the next three.
SAYINGS = {
    "bounce": (
        "drop the {o} and watch it bounce",
        "let the {o} bounce on the floor",
        "the {o} is bouncing up and down",
        "bounce the {o} again and again",
    ),
    "roll": (
        "roll the {o} across the floor",
        "give the {o} a push so it rolls",
        "the {o} rolls from side to side",
        "watch the {o} rolling along",
    ),
    "tumble": (
        "tumble the {o} across the floor",
        "give the {o} a push so it tumbles over",
        "the {o} tumbles from side to side",
        "turn the {o} over and over",
    ),
    "slide": (
        "slide the {o} over the floor",
        "push the {o} so it slides",
        "the {o} is sliding and scraping",
        "drag the {o} from side to side",
    ),
    "swing": (
        "swing the {o} on the rope",
        "let the {o} swing into the post",
        "the {o} swings back and forth",
        "hang up the {o} and let it swing",
    ),
    "shake": (
        "shake the {o} in the cage",
        "give the cage with the {o} a good shake",
        "the {o} is rattling in the cage",
        "shake the cage so the {o} rattles",
    ),
    "pour": (
        "pour out a lot of {p}",
        "pour all the {p} out of the jug",
        "the {p} are pouring down",
        "tip the jug full of {p}",
    ),
    "tap": (
        "tap the {o} {c} times",
        "hit the {o} with the stick {c} times",
        "knock on the {o} {c} times",
        "the stick taps the {o} {c} times",
    ),
    "stands": (
        "stack {c} {p} on top of each other",
        "put {c} {p} in a pile",
        "build a tower of {c} {p}",
        "the stack of {c} {p} stands",
    ),
    "topples": (
        "stack {c} {p} but the stack falls over",
        "try to pile up {c} {p} but they fall down",
        "the tower of {c} {p} falls over",
        "put {c} {p} in a pile until it falls over",
    ),
    "one falls": (
        "stack {c} {p} but one of them falls off",
        "put {c} {p} in a pile and one falls down",
        "build a tower of {c} {p} but one drops off",
        "one of the {c} {p} falls off the stack",
    ),
}

# {a} does what {x} says, and {b} what {y} says; ``swapped`` exchanges {a} and {b}, so the words stay the same.
SAYINGS_OF_TWO = (
    "the {a} {x} while the {b} {y}",
    "the {b} {y} while the {a} {x}",
    "here the {a} {x} and the {b} {y}",
    "while the {b} {y} the {a} {x}",
)
DOES = {
    "bounce": "bounces", "roll": "rolls", "tumble": "tumbles", "slide": "slides", "swing": "swings", "shake": "rattles",
}  # fmt: skip

OPENERS = (
    "so now we",
    "okay next i",
    "then you",
    "and after that we",
    "here we",
    "what i do is i",
    "alright let us",
    "now",
)
FILLERS = (
    "hi guys welcome back to my channel",
    "do not forget to like and subscribe",
    "so yeah that is pretty much it",
    "let me know in the comments below",
    "i love this part",
    "um so let me see",
    "this is really easy to do at home",
    "thank you so much for watching",
    "my kids love this one",
    "okay so where were we",
)


@dataclass(frozen=True)
class Line:
    """One narration line: seconds from the start of the video, words, and its step (-1: about nothing in it)."""

    start: float
    end: float
    text: str
    step: int


def sayings_for(factors: Factors, outcome: str) -> tuple[str, ...]:
    """The sentences that are true of a step."""
    if isinstance(factors, Couple):
        return SAYINGS_OF_TWO
    return SAYINGS[outcome if factors.action == "stack" else _motion(factors)]


def _motion(factors: Factors) -> str:
    """Its action; what has corners tumbles."""
    return "tumble" if factors.action == "roll" and factors.shape != "ball" else factors.action


def _fill(saying: str, factors: Factors, attributes: list[str], others: list[str]) -> str:
    """A sentence with its things; ``others`` are attributes of the second one, where there are two."""
    if isinstance(factors, Couple):
        a, b = (" ".join([*words, factors.shape]) for words in (attributes, others))
        return saying.format(a=a, b=b, x=DOES[_motion(factors)], y=DOES[_motion(factors.other)])
    thing = " ".join([*attributes, factors.shape])
    plural = thing + ("es" if thing.endswith("x") else "s")
    return saying.format(o=thing, p=plural, c=NUMBERS.get(factors.count, ""))


def step_captions(factors: Factors, outcome: str) -> tuple[str, list[str]]:
    """The canonical caption of a step, and three paraphrases; each names size, color, material and shape."""
    attributes = [factors.size, factors.color, factors.material]
    other = factors.other if isinstance(factors, Couple) else factors
    others = [other.size, other.color, other.material]
    canonical, *paraphrases = (_fill(saying, factors, attributes, others) for saying in sayings_for(factors, outcome))
    return canonical, paraphrases


def _attributes(factors: Factors, drop: float, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """What is said of the thing, and of the second one where there are two."""
    things = (factors, factors.other) if isinstance(factors, Couple) else (factors,)
    first, *others = (
        [name for name in (thing.size, thing.color, thing.material) if rng.random() >= drop] for thing in things
    )
    return first, others[0] if others else []


def _drop_words(text: str, knobs: Knobs, rng: np.random.Generator) -> str:
    words = text.split()
    rest = [word for word in words if rng.random() >= knobs.word_drop]
    return " ".join(rest or words[:1])


def _say_step(factors: Factors, outcome: str, knobs: Knobs, rng: np.random.Generator) -> str:
    sayings = sayings_for(factors, outcome)
    choice = sayings[rng.integers(len(sayings))]
    text = _fill(choice, factors, *_attributes(factors, knobs.attribute_drop, rng))
    # "so now we the ball …" is no English: only what starts with a verb takes an opener.
    if choice.split()[0] in ("the", "one", "watch", "here", "while"):
        return text
    return f"{OPENERS[rng.integers(len(OPENERS))]} {text}"


SECOND_LOOK = 0.25
"""Chance that a step is mentioned once more."""


def _second_look(factors: Factors) -> str:
    if isinstance(factors, Couple):
        return "look how the {a} {x} while the {b} {y}"  # names who does what, as every line of two does
    return "look at the {p}" if factors.count > 1 and factors.action != "tap" else "look at the {o}"


def _lines_of_step(
    index: int, start: float, length: float, event: tuple[Factors, str], knobs: Knobs, rng: np.random.Generator
) -> list[Line]:
    factors, outcome = event
    begin = start + rng.normal(knobs.offset_mean, knobs.offset_sigma)
    text = _drop_words(_say_step(factors, outcome, knobs, rng), knobs, rng)
    lines = [Line(begin, begin + rng.uniform(2.0, 3.2), text, index)]
    if rng.random() < SECOND_LOOK:
        begin = start + rng.uniform(0.5, length)
        drop = knobs.attribute_drop if isinstance(factors, Couple) else 0.4
        look = _fill(_second_look(factors), factors, *_attributes(factors, drop, rng))
        lines.append(Line(begin, begin + rng.uniform(1.2, 2.0), _drop_words(look, knobs, rng), index))
    # So many fillers that they are their share of all lines.
    expected = (1 + SECOND_LOOK) * knobs.filler_share / (1 - knobs.filler_share)
    for _ in range(int(expected) + (rng.random() < expected % 1)):
        begin = start + rng.uniform(0, length)
        lines.append(Line(begin, begin + rng.uniform(1.2, 2.4), FILLERS[rng.integers(len(FILLERS))], -1))
    return lines


def narration(
    events: list[tuple[Factors, str]], step_seconds: float, seed: int, split: str, number: int, knobs: Knobs
) -> list[Line]:
    """The narration of a video: a function of what happens in it, of its address and of a seed of its own.

    Args:
        events: Factors and outcome of each step.
        step_seconds: Length of a step.
        seed: Of the narration; another one gives other words for the same video.
        split: The video's split.
        number: The video's number in it.
        knobs: Shift, fillers, dropped attributes and words.

    Returns:
        Lines sorted by start, all within the video, each at least half a second long.
    """
    total = len(events) * step_seconds
    lines: list[Line] = []
    for index, event in enumerate(events):
        rng = stream(seed, split, number, index, "narration")
        lines += _lines_of_step(index, index * step_seconds, step_seconds, event, knobs, rng)
    return sorted((_inside(line, total) for line in lines), key=lambda line: (line.start, line.end, line.text))


def redraw_narration(video: dict[str, Any], seed: int, knobs: Knobs) -> list[dict[str, Any]]:
    """Narration lines of one annotated video, as its annotation holds them."""
    events = [(factors_from(step), step["outcome"]) for step in video["steps"]]
    seconds = video["steps"][0]["end"] - video["steps"][0]["start"]
    lines = narration(events, seconds, seed, video["split"], video["number"], knobs)
    return [asdict(line) for line in lines]


def _inside(line: Line, total: float) -> Line:
    start = round(min(max(line.start, 0.0), total - 0.5), 2)
    return Line(start, round(min(max(line.end, start + 0.5), total), 2), line.text, line.step)
