"""The Salesforce REST client, on simple-salesforce: it has never heard of a voicemail."""

from scv_voicemail.salesforce.client import SalesforceClient, Upserted
from scv_voicemail.salesforce.connect import ConversationEntry, Upload
from scv_voicemail.salesforce.soql import StartsWith, bind

__all__ = ["ConversationEntry", "SalesforceClient", "StartsWith", "Upload", "Upserted", "bind"]
