"""SOQL: from the text of a query to what it asks for.

Source: SOQL and SOSL Reference. What is left out (child sub-queries, semi-joins, TYPEOF, GROUP BY, functions) is
refused by its name instead of being guessed.
"""

from __future__ import annotations

from typing import Any

from scv_emulator.salesforce.errors import NotImplementedHere, SalesforceError
from scv_emulator.salesforce.soql_terms import Comparison, Condition, Junction, Order, Path, Query, Value, ValueKind
from scv_emulator.salesforce.soql_tokens import MalformedQuery, Token, pointing_at, tokens_of, unescaped

_MAX_LENGTH = 100_000
_MAX_DEPTH = 40
_MAX_OFFSET = 2000
_AFTER_FROM = ("WHERE", "ORDER", "LIMIT", "OFFSET", "FOR", "GROUP", "HAVING", "WITH", "USING", "ALL", "UPDATE", "AS")
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_DAY_WORDS = ("TODAY", "YESTERDAY", "TOMORROW", "LAST_N_DAYS", "NEXT_N_DAYS")


def parse(text: str) -> Query:
    """The query that a text stands for; raises `SalesforceError`."""
    if len(text) > _MAX_LENGTH:
        raise SalesforceError(400, "QUERY_TOO_COMPLICATED", f"a query has at most {_MAX_LENGTH:,} characters")
    return _Parser(text).query()


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0

    def query(self) -> Query:
        self._expect_word("SELECT")
        selected = self._select()
        self._expect_word("FROM")
        name = self._expect("name")
        alias = self._from_alias(name.text)
        where = self._junction(0) if self._take_word("WHERE") else None
        self._refuse_next({"GROUP": "GROUP BY", "HAVING": "HAVING", "WITH": "WITH", "USING": "USING SCOPE"})
        orders = self._orders() if self._take_word("ORDER") else ()
        limit = self._count("LIMIT")
        offset = self._count("OFFSET") or 0
        if offset > _MAX_OFFSET:
            raise SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {_MAX_OFFSET}")
        while self._take_word("FOR"):
            self._expect_word("VIEW", "REFERENCE", "UPDATE")
        self._refuse_next({"ALL": "ALL ROWS", "UPDATE": "UPDATE TRACKING"})
        self._expect("end")
        query = Query(
            text=self._text,
            object_name=name.text,
            object_position=name.position,
            alias=alias,
            where=where,
            orders=orders,
            limit=limit,
            offset=offset,
            **selected,
        )
        if query.field_set in ("ALL", "CUSTOM") and not (query.limit is not None and query.limit <= 200):
            raise MalformedQuery("The SOQL FIELDS function must have a LIMIT of at most 200")
        return query

    # ------------------------------------------------------------------------------------------------------- select

    def _select(self) -> dict[str, Any]:
        paths: list[Path] = []
        selected: dict[str, Any] = {"count_of": ()}
        while True:
            token = self._next()
            if token.text == "(":
                raise NotImplementedHere("child sub-queries")
            if token.kind != "name":
                raise self._unexpected(token)
            if token.is_word("TYPEOF"):
                raise NotImplementedHere("TYPEOF")
            if self._take("("):
                self._function(token, selected)
            elif token.is_word("FROM"):
                raise self._unexpected(token)
            else:
                paths.append(_path(token))
            if not self._take(","):
                break
        is_count = selected.get("counts", False)
        if (is_count or selected["count_of"]) and (paths or (is_count and selected["count_of"])):
            raise MalformedQuery("Grouped query expected: COUNT cannot be selected together with other fields")
        return selected | {"paths": tuple(paths)}

    def _function(self, name: Token, selected: dict[str, Any]) -> None:
        if name.is_word("COUNT") and self._take(")"):
            selected["counts"] = True
            return
        if not name.is_word("COUNT", "FIELDS"):
            raise NotImplementedHere(f"the function {name.text.upper()}()")
        argument = self._expect("name")
        self._expect_symbol(")")
        if name.is_word("COUNT"):
            selected["count_of"] += (_path(argument),)
            if self._peek().kind == "name" and not self._peek().is_word("FROM"):
                raise NotImplementedHere("an alias of an aggregate")
        elif argument.is_word("ALL", "STANDARD", "CUSTOM"):
            selected["field_set"] = argument.text.upper()
        else:
            raise self._unexpected(argument)

    def _from_alias(self, object_name: str) -> str:
        self._take_word("AS")
        following = self._peek()
        has_alias = following.kind == "name" and not following.is_word(*_AFTER_FROM)
        self._at += has_alias
        if self._peek().text == ",":
            raise NotImplementedHere(f"several objects after FROM {object_name}")
        return following.text if has_alias else ""

    # -------------------------------------------------------------------------------------------------------- where

    def _junction(self, depth: int) -> Condition:
        """AND and OR may not be mixed without parentheses."""
        if depth > _MAX_DEPTH:
            raise SalesforceError(400, "QUERY_TOO_COMPLICATED", "the conditions are nested too deeply")
        parts = [self._negation(depth)]
        word = ""
        while self._peek().is_word("AND", "OR"):
            token = self._next()
            if word and token.text.upper() != word:
                raise self._unexpected(token)
            word = token.text.upper()
            parts.append(self._negation(depth))
        if not word:
            return parts[0]
        return Junction("AND" if word == "AND" else "OR", tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > _MAX_DEPTH:
            raise SalesforceError(400, "QUERY_TOO_COMPLICATED", "the conditions are nested too deeply")
        if self._take_word("NOT"):
            return Junction("NOT", (self._negation(depth + 1),))
        if self._take("("):
            inside = self._junction(depth + 1)
            self._expect_symbol(")")
            return inside
        return self._comparison()

    def _comparison(self) -> Comparison:
        name = self._expect("name")
        if self._peek().text == "(":
            raise NotImplementedHere(f"the function {name.text.upper()}() in a condition")
        operator = self._next()
        path = _path(name)
        if operator.text in _COMPARISONS:
            return Comparison(path, _COMPARISONS[operator.text], (self._value(),))
        if operator.is_word("LIKE"):
            return Comparison(path, "LIKE", (self._value(),))
        if operator.is_word("IN"):
            return Comparison(path, "IN", self._values())
        if operator.is_word("NOT"):
            self._expect_word("IN")
            return Comparison(path, "NOT IN", self._values())
        if operator.is_word("INCLUDES", "EXCLUDES"):
            raise NotImplementedHere(operator.text.upper())
        raise self._unexpected(operator)

    def _values(self) -> tuple[Value, ...]:
        self._expect_symbol("(")
        if self._peek().is_word("SELECT"):
            raise NotImplementedHere("semi-joins")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect_symbol(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._next()
        if token.kind == "string":
            try:
                unescaped(token.text)
            except ValueError as error:
                raise MalformedQuery(pointing_at(self._text, token.position, str(error))) from error
        kind: ValueKind
        value: Any = token.text
        match token.kind, token.text.upper().partition(":")[0]:
            case ("string" | "datetime" | "date") as kind, _:
                pass
            case "number", _:
                kind, value = "number", float(token.text)
            case "name", ("TRUE" | "FALSE") as word:
                kind, value = "boolean", word == "TRUE"
            case "name", "NULL":
                kind, value = "null", None
            case "name", word if word in _DAY_WORDS:
                kind, value = "day", token.text.upper()
            case _:
                raise self._unexpected(token)
        return Value(kind, value, token.position)

    # -------------------------------------------------------------------------------------------------- order, limit

    def _orders(self) -> tuple[Order, ...]:
        self._expect_word("BY")
        orders = []
        while True:
            path = _path(self._expect("name"))
            descending = not self._take_word("ASC") and self._take_word("DESC")
            nulls = self._expect_word("FIRST", "LAST").text.upper() if self._take_word("NULLS") else ""
            # The reference says that null values come first unless the query says otherwise.
            orders.append(Order(path, descending=descending, nulls_last=nulls == "LAST"))
            if not self._take(","):
                return tuple(orders)

    def _count(self, word: str) -> int | None:
        if not self._take_word(word):
            return None
        token = self._expect("number")
        if not token.text.isdecimal() or len(token.text) > 9:
            raise self._unexpected(token)
        return int(token.text)

    # ------------------------------------------------------------------------------------------------------- tokens

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _take(self, symbol: str) -> bool:
        found = self._peek().kind == "symbol" and self._peek().text == symbol
        self._at += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self._peek().is_word(word)
        self._at += found
        return found

    def _expect(self, kind: str) -> Token:
        token = self._next()
        if token.kind != kind:
            raise self._unexpected(token)
        return token

    def _expect_symbol(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._unexpected(self._peek())

    def _expect_word(self, *words: str) -> Token:
        token = self._next()
        if not token.is_word(*words):
            raise self._unexpected(token)
        return token

    def _refuse_next(self, clauses: dict[str, str]) -> None:
        for word, clause in clauses.items():
            if self._peek().is_word(word):
                raise NotImplementedHere(clause)

    def _unexpected(self, token: Token) -> MalformedQuery:
        return MalformedQuery(pointing_at(self._text, token.position, f"unexpected token: '{token.text}'"))


def _path(token: Token) -> Path:
    return Path(tuple(token.text.split(".")), token.position)
