"""What the interpreter runs. Everything else is refused by its name when a flow is deployed.

The words are those of the Metadata API Developer Guide, "Flow".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scv_emulator.flows.formula_functions import FUNCTIONS, LAZY


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONDITION_OPERATORS = _words(
    "EqualTo NotEqualTo GreaterThan GreaterThanOrEqualTo LessThan LessThanOrEqualTo StartsWith EndsWith Contains "
    "IsNull IsBlank IsEmpty IsChanged WasSet WasVisited In NotIn"
)
FILTER_OPERATORS = _words(
    "EqualTo NotEqualTo GreaterThan GreaterThanOrEqualTo LessThan LessThanOrEqualTo StartsWith EndsWith Contains "
    "IsNull IsChanged In NotIn"
)
ASSIGNMENT_OPERATORS = _words(
    "Assign Add AddItem AddAtStart Subtract AssignCount RemoveFirst RemoveAll RemoveUncommon RemovePosition "
    "RemoveBeforeFirst RemoveAfterFirst"
)
PROCESS_TYPES = frozenset({"AutoLaunchedFlow", "RoutingFlow"})
TRIGGER_TYPES = frozenset({"", "None", "RecordBeforeSave", "RecordAfterSave"})
OFFSET_UNITS: Mapping[str, int] = MappingProxyType({"Minutes": 60, "Hours": 3_600, "Days": 86_400})
"""Units of a scheduled path, in seconds."""
TIME_SOURCES = frozenset({"RecordTriggerEvent"})
RECORD_TRIGGERS = frozenset({"Create", "Update", "CreateAndUpdate"})
DATA_TYPES = frozenset(
    {"String", "Number", "Currency", "Boolean", "Date", "DateTime", "SObject", "Picklist", "Multipicklist"}
)
ACTIONS = frozenset({"routeWork", "checkAvailabilityForRouting"})
ROUTING_TYPES = frozenset({"QueueBased", "Agent", "SkillsBased"})
SETUP_REFERENCES = frozenset({"ServiceChannel"})
GLOBALS: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "$Record": None,
        "$Record__Prior": None,
        "$CustomMetadata": None,
        "$Flow": frozenset(
            {
                "CurrentDate",
                "CurrentDateTime",
                "CurrentRecord",
                "FaultMessage",
                "InterviewGuid",
                "InterviewStartTime",
            }
        ),
        "$GlobalConstant": frozenset({"True", "False", "EmptyString"}),
        "$User": None,
        "$Organization": None,
    }
)
"""Global resources, with the names they have; None where fields of records follow."""

ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "actionCalls": "actionName actionType connector faultConnector flowTransactionModel inputParameters "
        "nameSegment offset outputParameters storeOutputAutomatically versionSegment versionString",
        "assignments": "assignmentItems connector",
        "customErrors": "connector customErrorMessages",
        "decisions": "defaultConnector defaultConnectorLabel rules",
        "loops": "assignNextValueToReference collectionReference iterationOrder nextValueConnector "
        "noMoreValuesConnector",
        "recordCreates": "assignRecordIdToReference connector faultConnector inputAssignments inputReference object "
        "storeOutputAutomatically",
        "recordDeletes": "connector faultConnector filterLogic filters inputReference object",
        "recordLookups": "assignNullValuesIfNoRecordsFound connector faultConnector filterLogic filters "
        "getFirstRecordOnly limit object outputAssignments outputReference queriedFields sortField sortOrder "
        "storeOutputAutomatically",
        "recordUpdates": "connector faultConnector filterLogic filters inputAssignments inputReference object",
        "subflows": "connector flowName inputAssignments outputAssignments storeOutputAutomatically",
    }
)
"""Elements, with the parts that are read."""

RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        "constants": "dataType value",
        "formulas": "dataType expression scale",
        "textTemplates": "isViewedAsPlainText text",
        "variables": "dataType isCollection isInput isOutput objectType scale value",
    }
)
"""Resources, with the parts that are read."""

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "start": "connector doesRequireRecordChangedToMeetCriteria filterFormula filterLogic filters flowRunAsUser "
        "object recordTriggerType scheduledPaths triggerType",
        "scheduledPaths": "connector offsetNumber offsetUnit timeSource",
        "connector": "isGoTo targetReference",
        "rules": "conditionLogic conditions connector doesRequireRecordChangedToMeetCriteria",
        "conditions": "leftValueReference operator rightValue",
        "filters": "field operator value",
        "inputAssignments": "field name value",
        "inputParameters": "name value",
        "outputAssignments": "assignToReference field name",
        "outputParameters": "assignToReference name",
        "assignmentItems": "assignToReference operator value",
        "customErrorMessages": "errorMessage fieldSelection isFieldError",
        "value": "booleanValue dateTimeValue dateValue elementReference numberValue setupReference "
        "setupReferenceType stringValue",
    }
)
"""Parts of elements, with what is read of them."""

DESCRIPTIVE = _words("description elementSubtype label locationX locationY name processMetadataValues")
"""What describes a part and changes nothing."""

FLOW_PROPERTIES = _words(
    "apiVersion areMetricsLoggedToDataCloud customProperties description environments fullName interviewLabel "
    "isAdditionalPermissionRequiredToRun isOverridable isTemplate label migratedFromWorkflowRuleName "
    "processMetadataValues processType runInMode sourceTemplate start startElementReference status timeZoneSidKey "
    "triggerOrder"
)
"""What stands directly in a flow besides elements and resources. Flows run here without field-level security."""

VENDOR_ONLY = _words(
    # directly in a flow
    "apexPluginCalls choices collectionProcessors dynamicChoiceSets exitRules experiments orchestratedStages "
    "overriddenFlow recordRollbacks screens stages steps transforms waits "
    # in elements and resources
    "actionCallPaths dataTypeMappings isWaitUntilCompleted offsetUnit timeoutConnector doesUpsert doesUpsertAllOrNone "
    "operationMultMatchingRecords operationOneMatchingRecord operationZeroMatchingRecords upsertExternalIdField "
    "upsertStandardIdField filterLogic filters apexClass "
    # in the start and in values
    "capabilityTypes dataGraph entryType eventName eventType form inputs objectContainer publishSegment schedule "
    "maxBatchSize pathType recordField "
    "segment triggeringDataGraph triggeringDataModelObjectPath apexValue complexValue complexValueType "
    "formulaDataType formulaExpression sobjectValue transform transformValueReference aggregationOperator "
    "conditionLogic conditionType conditions value"
)
"""What the Metadata API knows, somewhere in a flow, and the interpreter does not run there."""

SUPPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "process types": PROCESS_TYPES,
        "trigger types": TRIGGER_TYPES - {"", "None"},
        "elements": frozenset(ELEMENTS),
        "resources": frozenset(RESOURCES),
        "data types": DATA_TYPES,
        "condition operators": CONDITION_OPERATORS,
        "filter operators": FILTER_OPERATORS,
        "assignment operators": ASSIGNMENT_OPERATORS,
        "actions": ACTIONS,
        "routing types": ROUTING_TYPES,
        "global resources": frozenset(GLOBALS),
        "functions": frozenset(FUNCTIONS) | frozenset(LAZY),
    }
)
"""Everything that is supported, by kind; for checks and for people."""
