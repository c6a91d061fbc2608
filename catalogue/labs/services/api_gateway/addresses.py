"""Where the APIs of a template can be called, once they are deployed. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

_HOST = "https://${{{api}}}.execute-api.${{AWS::Region}}.amazonaws.com"
_SOCKETS = _HOST.replace("https", "wss", 1)


def addresses(resources: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An address for each REST or HTTP API with a stage, in the order of the template."""
    for id, resource in resources.items():
        properties = resource.get("Properties") or {}
        rest = resource.get("Type") == "AWS::ApiGateway::RestApi"
        if not rest and (
            resource.get("Type") != "AWS::ApiGatewayV2::Api" or properties.get("ProtocolType") == "WEBSOCKET"
        ):
            continue
        stage = next(_stages(resources, "RestApiId" if rest else "ApiId", id), None)
        if stage is not None:
            yield _address(_HOST.format(api=id), stage)


def sockets(resources: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An address for each WebSocket API with a stage, in the order of the template."""
    for id, resource in resources.items():
        properties = resource.get("Properties") or {}
        if resource.get("Type") == "AWS::ApiGatewayV2::Api" and properties.get("ProtocolType") == "WEBSOCKET":
            stage = next(_stages(resources, "ApiId", id), None)
            if stage is not None:
                yield _address(_SOCKETS.format(api=id), stage)


def _address(host: str, stage: Any) -> dict[str, Any]:
    if stage == "$default":
        return {"Fn::Sub": host}
    if isinstance(stage, str):
        return {"Fn::Sub": f"{host}/{stage}"}
    return {"Fn::Join": ["/", [{"Fn::Sub": host}, stage]]}


def _stages(resources: Mapping[str, Any], key: str, api: str) -> Iterator[Any]:
    """Names of the API's stages. SAM adds one called Stage to what it makes: it comes last."""
    found = [
        properties["StageName"]
        for resource in resources.values()
        if isinstance(properties := resource.get("Properties"), Mapping)
        and properties.get(key) == {"Ref": api}
        and properties.get("StageName")
    ]
    yield from sorted(found, key=lambda name: name == "Stage")
