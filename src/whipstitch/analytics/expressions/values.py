"""Values in SQL: what a property of an event or of a person is, or what an expression gives.

A value is text, as in JSON but without quotes, and a number where it is one or is text that reads
as one. Booleans are the texts ``true`` and ``false``, lists are their JSON. Objects are no values:
they are only there or not."""

from dataclasses import dataclass

from whipstitch.analytics.expressions.numbers import number_in


@dataclass(frozen=True, slots=True)
class Expressions:
    """A value in SQL: ``text`` is a Nullable(String), ``number`` a Nullable(Float64), both NULL
    where there is none; ``exists`` and ``is_list`` are conditions, never NULL."""

    text: str
    number: str
    exists: str
    is_list: str = "0"

    def elements(self) -> str:
        """What a list has in it, an Array(Nullable(String)) without NULL: values as text, each
        once. A value that is no list is the one element, and what has no value has none."""
        inside = f"JSONExtractArrayRaw(ifNull({self.text}, ''))"
        texts = f"arrayMap(element -> {of_json('element').text}, {inside})"
        found = f"arrayDistinct(if({self.is_list}, {texts}, [{self.text}]))"
        return f"arrayFilter(one -> isNotNull(one), {found})"


def of_json(value: str) -> Expressions:
    """What JSON text is, an expression of a String, of something that is there."""
    type_ = f"JSONType({value})"
    string = f"JSONExtractString({value})"
    # As the events' own column has it: without blanks, numbers in their shortest way.
    parsed = f"accurateCastOrNull(concat('{{\"v\":', {value}, '}}'), 'JSON')"
    list_ = f"ifNull(nullIf(toJSONString({parsed}.v), 'null'), {value})"
    return Expressions(
        text=(
            f"multiIf({type_} = 'String', {string}, {type_} = 'Array', {list_}, "
            f"{type_} = 'Object' OR {value} IN ('null', ''), NULL, "
            f"{type_} = 'Double', toString(JSONExtractFloat({value}) + 0), "
            f"{value} = '-0', '0', toNullable({value}))"
        ),
        number=number_in(f"toNullable(if({type_} = 'String', {string}, {value}))"),
        exists=(
            f"if({type_} = 'Object', "
            f"ifNull(toString(accurateCastOrNull({value}, 'JSON')) != '{{}}', 1), "
            f"{value} NOT IN ('', 'null'))"
        ),
        is_list=f"({type_} = 'Array')",
    )


def of_text(text: str) -> Expressions:
    """What an expression of a text is, NULL where there is none."""
    return Expressions(f"toNullable({text})", number_in(text), f"isNotNull({text})")
