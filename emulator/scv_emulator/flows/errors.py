"""What can be wrong with a flow: it is invalid, it cannot be run here, or it failed while it ran."""

from __future__ import annotations


class FlowProblem(Exception):
    """Something in the definition of a flow, with the element and the line of the file where it stands."""

    def __init__(self, element: str, line: int, problem: str, *, column: int = 1) -> None:
        super().__init__(f"line {line}: {element}: {problem}" if element else f"line {line}: {problem}")
        self.element = element
        self.line = line
        self.column = column
        self.problem = problem


class FlowInvalid(FlowProblem):
    """Salesforce would refuse to save this flow."""


class FlowNotSupported(FlowProblem):
    """Salesforce could run this, the interpreter cannot; said at deploy, so that nothing is skipped in silence."""

    def __init__(self, element: str, line: int, what: str = "", *, column: int = 1) -> None:
        super().__init__(element, line, f"the emulator does not run {what or element}", column=column)


class FlowFault(Exception):
    """An element failed while the flow ran; a fault connector may catch it.

    `message` is what `$Flow.FaultMessage` holds. `code` is a status code of the API when the flow itself chose to
    refuse (a Custom Error element), else empty.
    """

    catchable = True

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.element = ""

    def at(self, element: str) -> FlowFault:
        """The same fault, knowing the element in which it happened first."""
        self.element = self.element or element
        return self


class FlowLimit(FlowFault):
    """A governor limit was hit; no fault connector catches that."""

    catchable = False
