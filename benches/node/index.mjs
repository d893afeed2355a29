// The webhook function as a user would write it for Node.js: AWS SDK v3, one read of the instance in ten seconds, one message.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import http from "node:http";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";

const { INSTANCES_TABLE, DELIVERY_QUEUE_URL, AWS_LAMBDA_RUNTIME_API } = process.env;
const dynamodb = new DynamoDBClient({});
const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
const cached = new Map();
const OBJECT_TYPES = { lead: "accounts", contact: "contacts", opportunity: "opportunities", task: "tasks", activity: "activities", user: "users" };
const EVENT_TYPES = { created: "CREATED", updated: "UPDATED", merged: "UPDATED", deleted: "DELETED" };

async function instanceOf(id) {
  const found = cached.get(id);
  if (found && Date.now() - found.at < 10_000) return found.item;
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: INSTANCES_TABLE, Key: { instance_id: { N: id } } }));
  cached.set(id, { item: Item, at: Date.now() });
  return Item;
}

function isSigned(key, headers, body) {
  const wanted = createHmac("sha256", Buffer.from(key, "hex")).update(headers["close-sig-timestamp"] + body).digest();
  const given = Buffer.from(headers["close-sig-hash"] ?? "", "hex");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function handler(event) {
  const id = Buffer.from(decodeURIComponent(event.rawPath.split("/").pop()), "base64").toString();
  const instance = await instanceOf(id);
  if (!instance) return { statusCode: 404, body: "{}" };
  if (instance.subscription_key && !isSigned(instance.subscription_key.S, event.headers, event.body)) return { statusCode: 401, body: "{}" };
  const { event: change } = JSON.parse(event.body);
  const eventId = createHash("sha256").update(`${id}${change.id}${change.date_updated}`).digest("hex").slice(0, 32);
  const delivery = {
    version: 2, instanceId: Number(id), eventId, receivedAt: Date.now(), round: 0, attempt: 1,
    events: [{
      objectType: OBJECT_TYPES[change.object_type.split(".")[0]] ?? change.object_type, objectId: change.object_id,
      eventType: EVENT_TYPES[change.action] ?? "UPDATED", date: change.date_updated,
    }],
  };
  // The body goes as it came, not parsed and written again.
  const message = JSON.stringify(delivery).slice(0, -1) + `,"raw":${event.body}}`;
  await sqs.send(new SendMessageCommand({ QueueUrl: DELIVERY_QUEUE_URL, MessageBody: message, MessageGroupId: id }));
  return { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ eventId }) };
}

// What Lambda's own runtime for Node.js does around a handler, at its smallest.
const [host, port] = AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = http.request({ host, port, method, path: `/2018-06-01/runtime/invocation/${path}`, agent, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
for (;;) {
  const { headers, body } = await call("GET", "next");
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `${id}/response`, JSON.stringify(await handler(JSON.parse(body))));
  } catch (error) {
    await call("POST", `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}
