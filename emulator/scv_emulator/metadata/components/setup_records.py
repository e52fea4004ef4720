"""Custom permissions, service channels and presence.

Source: Metadata API Developer Guide, "CustomPermission", "ServiceChannel", "ServicePresenceStatus" and
"PresenceUserConfig".
"""

from __future__ import annotations

from scv_emulator.metadata.component import Component, Problem
from scv_emulator.metadata.components.elements import check_names, required, truth, whole, words
from scv_emulator.metadata.trial import Trial, not_found

_PERMISSION = frozenset({"connectedApp", "description", "fullName", "isLicensed", "label", "requiredPermission"})
_CHANNEL = words("""
    acwExtensionDuration afterConvoWorkMaxTime capacityModel doesMinimizeWidgetOnAccept fullName hasAcwExtensionEnabled
    hasAfterConvoWorkTimer hasAutoAcceptEnabled interactionComponent isInterruptible label maxExtensions
    relatedEntityType secondaryRoutingPriorityField serviceChannelFieldPriorities
    """)
_STATUS = frozenset({"channels", "fullName", "label"})
_CONFIGURATION = words("""
    assignments capacity declineReasons enableAutoAccept enableDecline enableDeclineReason enableDisconnectSound
    enableInterruptibleCapacity enableRequestSound fullName interruptibleCapacity label presenceStatusOnDecline
    presenceStatusOnPushTimeout
    """)


def custom_permission(component: Component, trial: Trial) -> str:
    """A permission that the org's own code asks for."""
    check_names(component.element, _PERMISSION, "CustomPermission")
    label = required(component.element, "label", "CustomPermission")
    fields = {"MasterLabel": label, "Description": component.element.value("description") or None}
    return trial.put("CustomPermission", {"DeveloperName": component.full_name}, fields)


def service_channel(component: Component, trial: Trial) -> str:
    """Which object's records are routed."""
    element = component.element
    check_names(element, _CHANNEL, "ServiceChannel")
    label = required(element, "label", "ServiceChannel")
    related = required(element, "relatedEntityType", "ServiceChannel")
    sobject = trial.require_object(related, element.child("relatedEntityType") or element)
    taken = trial.database.first("ServiceChannel", RelatedEntity=sobject.name)
    if taken is not None and taken["DeveloperName"] != component.full_name:
        raise Problem(f"The service channel {taken['DeveloperName']} routes {sobject.name} already", element)
    fields = {"MasterLabel": label, "RelatedEntity": sobject.name}
    return trial.put("ServiceChannel", {"DeveloperName": component.full_name}, fields)


def presence_status(component: Component, trial: Trial) -> str:
    """A status in which reps take work of some channels."""
    element = component.element
    check_names(element, _STATUS, "ServicePresenceStatus")
    label = required(element, "label", "ServicePresenceStatus")
    for channels in element.all("channels"):
        for one in channels.all("channel"):
            if trial.database.first("ServiceChannel", DeveloperName=one.text.strip()) is None:
                raise not_found("ServiceChannel", one.text.strip(), one)
    return trial.put("ServicePresenceStatus", {"DeveloperName": component.full_name}, {"MasterLabel": label})


def presence_configuration(component: Component, trial: Trial) -> str:
    """How much work reps take; it is checked and stored, the emulator's reps have their own capacity."""
    element = component.element
    check_names(element, _CONFIGURATION, "PresenceUserConfig")
    required(element, "label", "PresenceUserConfig")
    if whole(element, "capacity") is None:
        raise Problem("Required field is missing: capacity (in type PresenceUserConfig)", element)
    if truth(element, "enableAutoAccept") and truth(element, "enableDecline"):
        raise Problem("Requests cannot be accepted automatically and declined", element.child("enableDecline"))
    for name in ("presenceStatusOnDecline", "presenceStatusOnPushTimeout"):
        status = element.value(name)
        if status and trial.database.first("ServicePresenceStatus", DeveloperName=status) is None:
            raise not_found("ServicePresenceStatus", status, element.child(name) or element)
    return ""
