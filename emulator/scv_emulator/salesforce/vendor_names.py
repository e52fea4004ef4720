"""Standard objects and fields that Salesforce has and this emulator has not: they are refused as such, not as misspelt.

Source: Object Reference for the Salesforce Platform. Only the names that service desks, telephony systems and their
tools ask for; a name that stands nowhere here is refused as Salesforce refuses one that it does not know.
"""

from __future__ import annotations

from scv_emulator.salesforce.errors import InvalidType, NotImplementedHere, SalesforceError

_OBJECTS = """
    AccountContactRelation AccountHistory AccountShare AccountTeamMember ActivityHistory ApexClass ApexLog
    ApexPage ApexTestQueueItem ApexTestResult ApexTrigger AppDefinition Approval Asset AssignmentRule
    AsyncApexJob Attachment AuthSession BusinessHours BusinessProcess Campaign CampaignMember CaseArticle
    CaseComment CaseHistory CaseMilestone CaseShare CaseStatus CaseTeamMember ClientBrowser CollaborationGroup
    ConnectedApplication ConsumptionSchedule ContactHistory ContactPointEmail ContactPointPhone ContactRequest
    ContactShare ContentAsset ContentDocument ContentDocumentLink ContentVersion ContentWorkspace Contract
    ConversationContextEntry ConversationVendorInfo CronJobDetail CronTrigger Dashboard Document Domain
    DuplicateRecordItem DuplicateRecordSet EmailMessage EmailTemplate Entitlement EntityDefinition
    EntityParticle Event EventBusSubscriber EventLogFile ExternalDataSource FeedComment FeedItem FieldDefinition
    FieldPermission FlowDefinition FlowExecutionErrorEvent FlowInterviewLog FlowInterviewLogEntry
    FlowRecordRelation FlowStageRelation FlowVariableView FlowVersionView Folder GroupSubscription Holiday Idea
    Individual IntelligenceSignal KnowledgeArticle KnowledgeArticleVersion Knowledge__kav Lead LeadHistory
    LeadStatus ListView LiveAgentSession LiveChatTranscript LoginHistory LoginIp Macro MatchingRule
    MessagingDeliveryError MessagingEndUser MessagingSession MilestoneType NamedCredential Network Note
    OauthToken OmniSupervisorConfig Opportunity OpportunityHistory OpportunityLineItem Order OrgWideEmailAddress
    PackageLicense PendingServiceRoutingInteractionInfo Period PermissionSetGroup PermissionSetGroupComponent
    PermissionSetLicense PermissionSetLicenseAssign PermissionSetTabSetting PlatformCachePartition
    PresenceConfigDeclineReason PresenceDeclineReason PresenceUserConfig PresenceUserConfigProfile
    PresenceUserConfigUser Pricebook2 ProcessInstance Product2 Publisher QuickText RecentlyViewed RecordAction
    RecordType Report SearchLayout ServiceAppointment ServiceChannelFieldPriority ServiceChannelStatus
    ServiceContract ServicePresenceStatusChannel ServiceResource ServiceResourceSkill ServiceTerritory
    SessionPermSetActivation SetupAuditTrail Site Skill SkillRequirement SkillUser SlaProcess Solution
    StaticResource StreamingChannel TabDefinition Task ThirdPartyAccountLink Topic TopicAssignment TwoFactorInfo
    UserAppInfo UserFeed UserLicense UserListView UserLogin UserPreference UserRecordAccess UserRole UserShare
    VoiceCallFeed VoiceCallHistory VoiceCallQualityFeedback VoiceCallShare VoiceUserLine VoiceUserPreferences
    VoiceVendorInfo VoiceVendorLine Vote WebLink WorkCapacityLimit WorkOrder WorkType
"""

_FIELDS = {
    "Account": """
        AccountSource AnnualRevenue BillingAddress BillingCity BillingCountry BillingPostalCode BillingState
        BillingStreet Fax Industry LastActivityDate LastReferencedDate LastViewedDate MasterRecordId
        NumberOfEmployees Ownership PhotoUrl Rating ShippingAddress ShippingCity ShippingCountry
        ShippingPostalCode ShippingState ShippingStreet Sic Site TickerSymbol Website
    """,
    "AgentWork": """
        ActiveTime AfterConversationActualTime AfterConversationWorkStartTime AgentCapacityWhenDeclined BotId
        CancelDateTime HandleTimeInSeconds OriginalQueueId PreferredUserId PushTimeout PushTimeoutDateTime
        QueueId RoutingModel RoutingPriority RoutingType SecondaryRoutingPriority
    """,
    "CallCenter": "DisplayName Label Namespace",
    "Case": """
        AssetId BusinessHoursId ContactFax ContactMobile EntitlementId FeedItemId IsClosedOnCreate IsStopped
        IsVisibleInSelfService Language LastReferencedDate LastViewedDate MasterRecordId MilestoneStatus
        ProductId QuestionId ServiceContractId SlaExitDate SlaStartDate SourceId StopStartDate
    """,
    "Contact": """
        AssistantName Birthdate Department DoNotCall EmailBouncedDate EmailBouncedReason Fax HasOptedOutOfEmail
        HasOptedOutOfFax IndividualId IsEmailBounced Jigsaw LastActivityDate LastReferencedDate LastViewedDate
        LeadSource MailingAddress MailingCity MailingCountry MailingPostalCode MailingState MailingStreet
        MasterRecordId OtherAddress OtherCity OtherCountry OtherPostalCode OtherState OtherStreet PhotoUrl
        ReportsToId Salutation Title
    """,
    "FlowDefinitionView": """
        Builder Environments HasAsyncAfterCommitPath IsOutOfDate IsOverridable IsTemplate LastModifiedBy
        ManageableState OverriddenById OverriddenFlowId RecordTriggerType RunInMode SourceTemplateId
        TriggerObjectOrEventId TriggerObjectOrEventLabel TriggerOrder
    """,
    "FlowInterview": "CurrentFlowVersion MasterFlowVersion SerializedView",
    "MessagingChannel": """
        ConsentType Description DoubleOptInPrompt InitialResponse IsInitialConsentPromptEnabled IsoCountryCode
        OptInPrompt RoutingType SessionHandlerType
    """,
    "Organization": """
        Address City ComplianceBccEmail DefaultAccountAccess DefaultCaseAccess DefaultContactAccess Division Fax
        FiscalYearStartMonth MonthlyPageViewsEntitlement NumKnowledgeService Phone PostalCode State Street
        UiSkin UsesStartDateAsFiscalYearName WebToCaseDefaultOrigin
    """,
    "User": """
        AboutMe AccountId City CommunityNickname CompanyName ContactId Country DefaultGroupNotificationFrequency
        DelegatedApproverId Department Division EmployeeNumber Extension Fax ForecastEnabled IndividualId
        LastLoginDate LastPasswordChangeDate LastReferencedDate LastViewedDate MobilePhone NumberOfFailedLogins
        PostalCode ReceivesAdminInfoEmails ReceivesInfoEmails SenderEmail SenderName Signature SmallPhotoUrl
        State Street Title UserPermissionsCallCenterAutoLogin UserPermissionsSupportUser UserRoleId
    """,
    "VoiceCallRecording": "ConsentStatus MediaProviderId",
}

_KNOWN_OBJECTS = {name.lower(): name for name in _OBJECTS.split()}
_KNOWN_FIELDS = {about: {name.lower(): name for name in names.split()} for about, names in _FIELDS.items()}


def unknown_object(name: str) -> SalesforceError:
    """The refusal of an object that is not there: 501 for one of Salesforce's own."""
    known = _KNOWN_OBJECTS.get(name.lower())
    return NotImplementedHere(f"the standard object {known}") if known else InvalidType(name)


def not_emulated_field(object_name: str, name: str) -> SalesforceError | None:
    """The refusal of a standard field that Salesforce has and the emulator has not; None for any other name."""
    known = _KNOWN_FIELDS.get(object_name, {}).get(name.lower())
    return NotImplementedHere(f"the standard field {object_name}.{known}") if known else None
