"""Results of an evaluation as text, for the terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

WHO = ("trained", "random_init", "chance")


def retrieval_table(results: dict[str, Any]) -> Iterator[str]:
    """Lines of ``retrieval.json``: recalls in %, the median rank, and the 95 % interval of the trained model's R@5."""
    yield " [in brackets: 95 % interval of R@5 over other queries]"
    for name, result in results["splits"].items():
        yield f"\n{name}: {result['n']} clips; R@1 R@5 R@10 in %, median rank"
        for direction in result["trained"]:
            low, high = result.get("interval", {}).get(direction, {}).get("R@5", (None, None))
            interval = "" if low is None else f" [{100 * low:4.1f}, {100 * high:4.1f}]"
            parts = [f"  {direction:15}"]
            for who in WHO:
                values = result[who][direction]
                recalls = " ".join(f"{100 * values[k]:5.1f}" for k in ("R@1", "R@5", "R@10"))
                parts.append(f"{who} {recalls} {values['MedR']:6.1f}{interval if who == 'trained' else ''}")
            yield "  ".join(parts)


def probe_table(results: dict[str, Any]) -> Iterator[str]:
    """Lines of ``probe.json``: accuracies in %, trained / random start / by hand, and what needs no features."""
    for name, result in results["splits"].items():
        factors = result["factors"]
        yield f"\n{name}: {result['n']} clips; accuracy in %: trained / random start / by hand"
        yield _row("", factors)
        for feature in dict.fromkeys(f for values in factors.values() for f in values["features"]):
            yield _row(feature, (_three(values["features"].get(feature, {})) for values in factors.values()))
        for reference in ("chance", "majority", "by_action"):
            yield _row(reference, (percent(values[reference]) for values in factors.values()))
    stuck = [f"{target}/{feature}/{who}" for target, features in results["fits"].items()
             for feature, fits in features.items() for who, fit in fits.items() if not fit["converged"]]  # fmt: skip
    if stuck:
        yield f"\nnot converged: {', '.join(stuck)}"


def all_tables(results: dict[str, Any]) -> Iterator[str]:
    """Lines of what ``everything.evaluate`` found."""
    yield from retrieval_table(results["retrieval"])
    if results["probe"] is None:
        yield "\nno probes: the source has no ground truth"
    else:
        yield from probe_table(results["probe"])
    yield f"\n{results['report']}: written"


def honesty_table(results: dict[str, Any]) -> Iterator[str]:
    """Lines of what ``honesty`` found: accuracies in %."""
    for name, result in results["splits"].items():
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
    return "/".join(percent(values[who]) for who in ("trained", "random_init", "handmade") if who in values)


def _amount(value: float) -> str:
    """With one decimal, a small one with three digits."""
    return f"{value:,.1f}" if value >= 100 or value == 0 else f"{value:.3g}"


def cost_table(found: dict[str, Any]) -> Iterator[str]:
    """Lines of what ``cost`` found."""
    counted, flops, bytes_ = found["parameters"], found["flops"], found["activations"]
    yield f"{found['preset']}, {found['clips']} clips, {percent(found['keep'])} % of the video and audio tokens kept"
    yield f"\n{'parameters':14}{counted['total']:>16,}  of which trained {counted['trained']:,}"
    for part in (name for name, value in counted.items() if isinstance(value, dict)):
        parts = ", ".join(f"{name} {value:,}" for name, value in counted[part].items() if name != "total")
        yield f"  {part:12}{counted[part]['total']:>16,}  {parts}"
    yield "\nGFLOPs forward  one product  both products      here"
    for part, values in flops.items():
        one, both, here = (values[name] / 1e9 for name in ("one_product", "both_products", "here"))
        yield f"  {part:12}{_amount(one):>14}{_amount(both):>15}{_amount(here):>10}"
    yield "  one product of attention counted as the paper's tables seem to; here: tokens dropped before projection"
    yield "\nMB of memory in training (float32, Adam)"
    yield f"  {'state':12}{_amount(found['state'] / 1e6):>14}  weights, gradients, two moments"
    yield f"  {'activations':12}{_amount(bytes_['total'] / 1e6):>14}  " + ", ".join(
        f"{name} {_amount(value / 1e6)}" for name, value in bytes_.items() if name != "total"
    )
    yield "\nMB that travel in a step"
    for name, value in found["traffic"].items():
        yield f"  {name:12}{_amount(value / 1e6):>14}"
