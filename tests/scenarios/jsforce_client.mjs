// Logs in with jsforce and works with records; prints what it saw as one line of JSON.
// node jsforce_client.mjs URL CLIENT_ID USERNAME KEY_FILE
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import jsforce from "jsforce";

const [url, clientId, username, keyFile] = process.argv.slice(2);

function assertion() {
  const encode = (data) => Buffer.from(JSON.stringify(data)).toString("base64url");
  const claims = { iss: clientId, sub: username, aud: url, exp: Math.floor(Date.now() / 1000) + 60 };
  const signed = `${encode({ alg: "RS256" })}.${encode(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(readFileSync(keyFile), "base64url")}`;
}

async function refusal(work) {
  try {
    await work;
    return null;
  } catch (error) {
    return error.errorCode ?? error.name;
  }
}

const connection = new jsforce.Connection({ loginUrl: url, version: "66.0" });
await connection.authorize({
  grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  assertion: assertion()
});

const saw = { identity: (await connection.identity()).username };
const messages = connection.sobject("Voicemail__c");
const created = await messages.create({ External_Id__c: "vm-1", Caller_Number__c: "+14155550142" });
saw.created = created.success;
saw.upserted = await messages.upsert({ External_Id__c: "vm-1", Mailbox_Name__c: "Support" }, "External_Id__c");
saw.many = (await messages.create([{ External_Id__c: "vm-2" }, { External_Id__c: "vm-3" }])).map((one) => one.success);
await messages.update({ Id: created.id, Status__c: "Heard" });
saw.query = (
  await connection.query("SELECT External_Id__c, Status__c, Mailbox_Name__c FROM Voicemail__c ORDER BY External_Id__c")
).records.map((one) => [one.External_Id__c, one.Status__c, one.Mailbox_Name__c]);
saw.retrieved = (await messages.retrieve(created.id)).Caller_Number__c;
saw.described = (await messages.describe()).fields.some((field) => field.name === "Transcript__c");
saw.destroyed = (await messages.destroy(created.id)).success;
saw.noSuchColumn = await refusal(connection.query("SELECT Nope__c FROM Voicemail__c"));
saw.duplicate = await refusal(messages.create({ External_Id__c: "vm-2" }));
saw.composite = (
  await connection.requestPost("/services/data/v66.0/composite", {
    allOrNone: true,
    compositeRequest: [
      {
        method: "POST",
        url: "/services/data/v66.0/sobjects/Case",
        referenceId: "case",
        body: { Subject: "Call back" }
      },
      {
        method: "PATCH",
        url: "/services/data/v66.0/sobjects/Voicemail__c/External_Id__c/vm-2",
        referenceId: "voicemail",
        body: { Case__c: "@{case.id}" }
      }
    ]
  })
).compositeResponse.map((one) => one.httpStatusCode);
saw.metadata = (await connection.metadata.list([{ type: "Queue" }])).length;
saw.types = (await connection.metadata.describe()).metadataObjects.some((type) => type.xmlName === "Flow");

console.log(JSON.stringify(saw));
