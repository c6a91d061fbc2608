"""Says what it is told: `{"say": text}` comes back, `{"long": n}` as n letters; `{"hang up": true}` is the end."""

import json

import boto3


def handler(event, context):
    asked = event["requestContext"]
    print(json.dumps({"step": asked["eventType"].lower(), "connection": asked["connectionId"]}))
    if asked["eventType"] == "CONNECT":
        query = event.get("queryStringParameters") or {}
        origin = next((v for k, v in event["headers"].items() if k.lower() == "origin"), "")
        return {"statusCode": 403 if "refuse" in query or origin == "https://not.welcome" else 200}
    if asked["eventType"] == "MESSAGE":
        told = json.loads(event["body"])
        address = f"https://{asked['domainName']}/{asked['stage']}"
        connections = boto3.client("apigatewaymanagementapi", endpoint_url=address)
        if told.get("hang up"):
            connections.delete_connection(ConnectionId=asked["connectionId"])
        else:
            said = "x" * told["long"] if "long" in told else json.dumps({"said": told["say"]})
            connections.post_to_connection(ConnectionId=asked["connectionId"], Data=said.encode())
    return {"statusCode": 200}
