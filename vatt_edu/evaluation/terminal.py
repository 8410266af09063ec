"""Results of an evaluation as text, for the terminal."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from vatt_edu.evaluation.results_file import ProbeResults, RetrievalResults, Scores, ShortcutAudit, clips_line

if TYPE_CHECKING:
    from vatt_edu.evaluation.everything import Evaluation


def retrieval_table(results: RetrievalResults) -> Iterator[str]:
    """Lines of ``retrieval.json``: recalls in %, the median rank, and the 95 % interval of the trained model's R@5."""
    yield " [in brackets: 95 % interval of R@5 over other queries]"
    for name, result in results["splits"].items():
        yield f"\n{name}: {clips_line(result)}; R@1 R@5 R@10 in %, median rank"
        for direction in result["trained"]:
            ends = result.get("interval", {}).get(direction, {}).get("R@5", [])
            interval = f" [{', '.join(f'{100 * end:4.1f}' for end in ends)}]" if ends else ""
            random_init = result["random_init"]
            parts = [f"  {direction:15}", f"trained {_scores(result['trained'][direction])}{interval}"]
            parts.append("random_init –" if random_init is None else f"random_init {_scores(random_init[direction])}")
            yield "  ".join([*parts, f"chance {_scores(result['chance'][direction])}"])
    yield from _note(results)


def _scores(values: Scores) -> str:
    return " ".join(f"{100 * values[k]:5.1f}" for k in ("R@1", "R@5", "R@10")) + f" {values['MedR']:6.1f}"


def _note(results: RetrievalResults | ProbeResults) -> Iterator[str]:
    if "note" in results:
        yield f"\nno random start: {results['note']}"


def probe_table(results: ProbeResults) -> Iterator[str]:
    """Lines of ``probe.json``: accuracies in %, trained / random start / by hand, and what needs no features."""
    for name, result in results["splits"].items():
        factors = result["factors"]
        yield f"\n{name}: {clips_line(result)}; accuracy in %: trained / random start / by hand"
        yield _row("", factors)
        for feature in dict.fromkeys(f for values in factors.values() for f in values["features"]):
            yield _row(feature, (_three(values["features"].get(feature, {})) for values in factors.values()))
        for reference in ("chance", "majority", "by_action"):
            yield _row(reference, (percent(values[reference]) for values in factors.values()))
    stuck = [f"{target}/{feature}/{who}" for target, features in results["fits"].items()
             for feature, fits in features.items() for who, fit in fits.items() if not fit["converged"]]  # fmt: skip
    if stuck:
        yield f"\nnot converged: {', '.join(stuck)}"
    yield from _note(results)


def all_tables(results: "Evaluation") -> Iterator[str]:
    """Lines of what ``everything.evaluate_all`` returns."""
    yield from retrieval_table(results["retrieval"])
    if results["probe"] is None:
        yield "\nno probes: the source has no ground truth"
    else:
        yield from probe_table(results["probe"])
    yield f"\n{results['report']}: written"


def shortcut_table(audit: "ShortcutAudit") -> Iterator[str]:
    """Lines of what ``audio_shortcut_probe`` returns: accuracies in %."""
    for name, result in audit["splits"].items():
        yield f"\n{name}: {result['n']} clips; accuracy in % from the mean spectrum of the sound"
        yield _row("", result["factors"])
        for row in ("handmade", "majority", "by_action"):
            yield _row(row, (percent(values[row]) for values in result["factors"].values()))


def _row(name: str, cells: Iterable[str]) -> str:
    return "  " + " ".join([f"{name:9}", *(f"{cell:>17}" for cell in cells)])


def percent(value: float | None) -> str:
    """A fraction as per cent with one decimal; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f}"


def _three(values: dict[str, float | None]) -> str:
    """Without a random start a dash stands in its place; a space has nothing made by hand."""
    names = ["trained", "random_init", *(["handmade"] if "handmade" in values else [])]
    return "/".join(percent(values.get(who)) for who in names)


def _amount(value: float) -> str:
    """With one decimal, a small one with three digits."""
    return f"{value:,.1f}" if value >= 100 or value == 0 else f"{value:.3g}"


def cost_table(cost: dict[str, Any]) -> Iterator[str]:
    """Lines of what ``cost`` returns."""
    counts, flops, bytes_ = cost["parameters"], cost["flops"], cost["activations"]
    yield f"{cost['preset']}, {cost['clips']} clips, {percent(cost['keep'])} % of the video and audio tokens kept"
    yield f"\n{'parameters':14}{counts['total']:>16,}  of which trained {counts['trained']:,}"
    for part in (name for name, value in counts.items() if isinstance(value, dict)):
        parts = ", ".join(f"{name} {value:,}" for name, value in counts[part].items() if name != "total")
        yield f"  {part:12}{counts[part]['total']:>16,}  {parts}"
    yield "\nGFLOPs forward  one product  both products      here"
    for part, values in flops.items():
        one, both, here = (values[name] / 1e9 for name in ("one_product", "both_products", "here"))
        yield f"  {part:12}{_amount(one):>14}{_amount(both):>15}{_amount(here):>10}"
    yield "  one product of attention counted as the paper's tables seem to; here: tokens dropped before projection"
    yield "\nMB of memory in training (float32, Adam)"
    yield f"  {'state':12}{_amount(cost['state'] / 1e6):>14}  weights, gradients, two moments"
    yield f"  {'activations':12}{_amount(bytes_['total'] / 1e6):>14}  " + ", ".join(
        f"{name} {_amount(value / 1e6)}" for name, value in bytes_.items() if name != "total"
    )
    yield "\nMB that travel in a step"
    for name, value in cost["traffic"].items():
        yield f"  {name:12}{_amount(value / 1e6):>14}"
