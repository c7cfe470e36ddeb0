"""What a trait is, from all that was said of it (contract README, "People").

In the order of their times: the last update that sets or deletes it counts, whatever was said
before. Where it set nothing, the first ``set_once`` since then does, if nothing was added before.
What was added since is added to that, or to 0; to a value that is no number nothing is added.

A table of traits has ``operation`` 0 for an update that sets or deletes, 1 for the first
``set_once`` of all, and a larger number, one for each, for what is added. The version of a
``set_once`` has its bits turned over, so that the earliest of them is the one that is kept."""

from typing import Final

_LATEST_OF_ALL: Final = "bitNot(toUInt128(0))"


def value_of(rows: str, order: str, id_: str, meant: str = "") -> str:
    """The JSON text of a trait, blank where there is none: an aggregate over ``rows``, the alias of
    a table of traits. ``order`` tells the latest of them, which is its version or begins with it;
    ``id_`` is an expression of whose row it is; ``meant`` a condition for the rows that count."""
    also = f" AND {meant}" if meant else ""
    sets, once, adds = (f"{rows}.operation {kind}{also}" for kind in ("= 0", "= 1", "> 1"))
    set_ = f"argMaxIf(if({rows}.deleted, '', {rows}.value), {order}, {sets})"
    since = f"maxIf({rows}.version, {sets})"
    first = f"argMaxIf({rows}.value, {order}, {once})"
    first_at = f"bitNot(maxIf({rows}.version, {once}))"
    # Of a row that was stored twice, and not merged yet, there is one here.
    all_added = f"groupUniqArrayIf(({rows}.version, {id_}, {rows}.value), {adds})"
    added = f"arrayFilter(one -> one.1 >= {since}, {all_added})"
    added_at = f"if(empty({added}), {_LATEST_OF_ALL}, arrayMin(one -> one.1, {added}))"
    base = (
        f"multiIf({set_} != '', {set_}, "
        f"{first_at} >= {since} AND {first_at} <= {added_at}, {first}, "
        f"notEmpty({added}), '0', '')"
    )
    sum_ = f"arraySum(one -> toDecimal256(one.3, 18), {added})"
    total = f"toString(toDecimal256OrNull({base}, 18) + {sum_})"
    return f"if(empty({added}), {base}, ifNull({total}, {base}))"
