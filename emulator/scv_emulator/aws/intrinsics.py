"""CloudFormation's intrinsic functions, as far as our templates use them; any other is refused by name.

Page: "Intrinsic function reference" in the CloudFormation user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateInvalid(ValueError):
    """The template cannot be run here; the message says where and why."""


class NoValue:
    """`AWS::NoValue`: the property is not there."""


NO_VALUE = NoValue()


def read_yaml(text: str) -> dict[str, Any]:
    """A template with CloudFormation's short tags, as plain data."""
    data = yaml.load(text, Loader=_Loader)  # noqa: S506 - the loader below is a SafeLoader with harmless tags
    if not isinstance(data, dict):
        raise TemplateInvalid("the template is not a mapping")
    return data


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the one in C is faster
    """YAML with `!Ref`, `!Sub` and so on."""


def _tag(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


class Resolver:
    """Puts values in place of intrinsic functions; LookupError of the callables becomes TemplateInvalid."""

    def __init__(
        self,
        *,
        values: Mapping[str, Any],
        conditions: Mapping[str, Any],
        ref: Callable[[str], str],
        attribute: Callable[[str, str], str],
    ) -> None:
        self._values = values
        self._conditions = conditions
        self._ref = ref
        self._attribute = attribute

    def value(self, data: Any) -> Any:
        """The data with every function worked out; properties without a value are gone."""
        if isinstance(data, list):
            items = [self.value(one) for one in data]
            return [one for one in items if one is not NO_VALUE]
        if not isinstance(data, dict):
            return data
        if len(data) == 1:
            name, argument = next(iter(data.items()))
            if name == "Ref":
                return self._referred(argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {name: self.value(one) for name, one in data.items()}
        return {name: one for name, one in resolved.items() if one is not NO_VALUE}

    def is_met(self, name: str) -> bool:
        """True when a condition of the template holds."""
        if name not in self._conditions:
            raise TemplateInvalid(f"there is no condition {name}")
        return self._test(self._conditions[name])

    def _test(self, condition: Any) -> bool:
        if isinstance(condition, dict) and len(condition) == 1:
            name, argument = next(iter(condition.items()))
            match name:
                case "Condition":
                    return self.is_met(argument)
                case "Fn::Equals":
                    first, second = (self.value(one) for one in argument)
                    return str(first) == str(second)
                case "Fn::Not":
                    return not self._test(argument[0])
                case "Fn::And":
                    return all(self._test(one) for one in argument)
                case "Fn::Or":
                    return any(self._test(one) for one in argument)
        raise TemplateInvalid(f"{condition!r} is not a condition that is known here")

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::GetAtt":
                return self._attribute_of(argument[0], argument[1])
            case "Fn::Sub":
                return self._substituted(argument)
            case "Fn::If":
                return self.value(argument[1] if self.is_met(argument[0]) else argument[2])
            case "Fn::Join":
                return str(argument[0]).join(str(one) for one in self.value(argument[1]))
            case "Fn::Split":
                return str(self.value(argument[1])).split(argument[0])
            case "Fn::Select":
                return self.value(argument[1])[int(self.value(argument[0]))]
            case _:
                raise TemplateInvalid(f"{name} is not known here")

    def _referred(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        try:
            return self._ref(name)
        except LookupError as error:
            raise TemplateInvalid(f"Ref {name}: {error}") from error

    def _attribute_of(self, resource: str, attribute: str) -> str:
        try:
            return self._attribute(resource, attribute)
        except LookupError as error:
            raise TemplateInvalid(f"GetAtt {resource}.{attribute}: {error}") from error

    def _substituted(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self.value(argument[1]))

        def put(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return str(own[name])
            if "." in name and name not in self._values:
                resource, _, attribute = name.partition(".")
                return self._attribute_of(resource, attribute)
            return str(self._referred(name))

        return _SUBSTITUTION.sub(put, text)
