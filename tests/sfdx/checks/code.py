"""Apex and Lightning web components: every name of the org that they use exists.

Names only. Syntax is judged by Salesforce's own parser and compiler, see `scripts/check-sfdx`; types by nobody outside
an org.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tests.sfdx.checks.catalog import Catalog, catalog_of
from tests.sfdx.checks.component import Finding
from tests.sfdx.checks.project import Project
from tests.sfdx.checks.soql import Select, selects

COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|(?<![:'\"])//[^\n]*", re.DOTALL)
_CUSTOM = re.compile(r"\b[A-Za-z]\w*__(?:c|r|e|mdt)\b")
_OBJECT_FIELD = re.compile(r"\b(\w+__c|Case|Contact|Account|VoiceCall)\.(\w+__c)\b")
_CONSTANT = re.compile(r"\bString\s+(\w+)\s*=\s*'([^']*)'")
_PERMISSION = re.compile(r"\bcheckPermission\(\s*(?:'([^']*)'|(\w+))\s*\)")
_STATUS = re.compile(r"\bSTATUS_\w+\s*=\s*'([^']*)'")
_IMPORT = re.compile(r"^import\s+(?:[^'\"]+?\s+from\s+)?['\"]([^'\"]+)['\"]", re.MULTILINE)
_EXPORTED_STATUS = re.compile(r"^export const (?:NEW|HEARD|CALLED_BACK|CLOSED) = '([^']*)'", re.MULTILINE)
_CHILD = re.compile(r"<c-([a-z0-9-]+)")
_PLATFORM = ("lwc", "lightning/", "@salesforce/apex")


def check_apex(project: Project) -> Iterator[Finding]:
    """Objects, fields, permissions and statuses that Apex names, and what its queries read."""
    known = catalog_of(project)
    for path, text in project.code(".cls", ".trigger"):
        code = without_comments(text)
        yield from _custom_names(path, code, known)
        for found in _OBJECT_FIELD.finditer(code):
            if problem := known.problem(found[1], found[2]):
                yield _at(path, code, found.start(), problem)
        for query in selects(code):
            yield from _query(path, code, query, known, project)
        constants = dict(_CONSTANT.findall(code))
        for found in _PERMISSION.finditer(code):
            name = found[1] or constants.get(found[2], "")
            if name not in project.names("CustomPermission"):
                yield _at(path, code, found.start(), f"there is no custom permission {name}")
        yield from _statuses(path, code, _STATUS, known)


def check_components(project: Project) -> Iterator[Finding]:
    """What Lightning web components import exists: Apex methods, schema, files, other components."""
    known = catalog_of(project)
    for path, text in project.code(".js", ".html"):
        code = without_comments(text)
        yield from _custom_names(path, code, known)
        yield from _statuses(path, code, _EXPORTED_STATUS, known)
        for found in _IMPORT.finditer(code):
            if problem := _import_problem(path, found[1], code, project):
                yield _at(path, code, found.start(), problem)
        for found in _CHILD.finditer(code):
            name = re.sub(r"-(\w)", lambda letter: letter[1].upper(), found[1])
            if name not in project.names("LightningComponentBundle"):
                yield _at(path, code, found.start(), f"there is no component {name}")


def without_comments(text: str) -> str:
    """The code with every comment blanked out; lines stay where they are."""
    return COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _custom_names(path: str, code: str, known: Catalog) -> Iterator[Finding]:
    names = known.custom_names
    for found in _CUSTOM.finditer(code):
        if found[0] not in names:
            yield _at(path, code, found.start(), f"nothing is called {found[0]}")


def _query(path: str, code: str, query: Select, known: Catalog, project: Project) -> Iterator[Finding]:
    if query.object not in known.objects:
        return
    for name in query.fields:
        if "__" in name and (problem := known.problem(query.object, name)):
            yield _at(path, code, query.start, problem)
    for name, value in query.literals:
        field = known.field(query.object, name)
        if field is not None and field.values and value not in field.values:
            yield _at(path, code, query.start, f"{name} is never '{value}'")


def _statuses(path: str, code: str, pattern: re.Pattern[str], known: Catalog) -> Iterator[Finding]:
    field = known.field("Voicemail__c", "Status__c")
    for found in pattern.finditer(code):
        if field is not None and found[1] not in field.values:
            yield _at(path, code, found.start(), f"Voicemail__c.Status__c is never '{found[1]}'")


def _import_problem(path: str, module: str, code: str, project: Project) -> str:
    """Why there is nothing to import; empty when there is."""
    kind, _, name = module.removeprefix("@salesforce/").partition("/")
    problem = ""
    if module.startswith("."):
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), module))
        if not {file, f"{file}.js", f"{file}.html"} & set(project.files):
            problem = f"there is no file {module}"
    elif module.startswith("@salesforce/apex/"):
        problem = _apex_problem(name, project, is_wired=_is_wired(code, module))
    elif module.startswith("@salesforce/schema/"):
        object_name, _, field = name.partition(".")
        problem = catalog_of(project).problem(object_name, field or "Id")
    elif kind == "customPermission":
        if name not in project.names("CustomPermission"):
            problem = f"there is no custom permission {name}"
    elif kind == "c":
        if name not in project.names("LightningComponentBundle"):
            problem = f"there is no component {name}"
    elif not module.startswith(_PLATFORM):
        problem = f"{module} is not among the known modules"
    return problem


def _is_wired(code: str, module: str) -> bool:
    imported = re.search(rf"import\s+(\w+)\s+from\s+['\"]{re.escape(module)}['\"]", code)
    return imported is not None and re.search(rf"@wire\(\s*{imported[1]}\b", code) is not None


def _apex_problem(name: str, project: Project, *, is_wired: bool) -> str:
    class_name, _, method = name.partition(".")
    source = next((text for path, text in project.code(f"/{class_name}.cls")), None)
    if source is None:
        return f"there is no class {class_name}"
    pattern = rf"@AuraEnabled(\([^)]*\))?\s+(?:public|global)\s+static\s+[\w<>., ]+\s+{re.escape(method)}\s*\("
    found = re.search(pattern, without_comments(source))
    if found is None:
        return f"{class_name} has no public static method {method} with @AuraEnabled"
    if is_wired and "cacheable=true" not in (found[1] or ""):
        return f"{name} is wired, but not cacheable"
    return ""


def _at(path: str, code: str, start: int, problem: str) -> Finding:
    return Finding(path, code.count("\n", 0, start) + 1, problem)
