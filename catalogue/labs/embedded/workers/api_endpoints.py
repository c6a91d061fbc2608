"""Lets a function call its WebSocket API by the address that the API has on AWS.

A client of `apigatewaymanagementapi` is made with that address as `endpoint_url`
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html),
which comes before AWS_ENDPOINT_URL, where the emulator is. In a worker, the same client is made for the emulator's
address of that API and stage.
"""

SUPPORT = '''
def _ms_reach_apis():
    """Of all clients of botocore, change those whose address is an API's."""
    import os, re

    emulator = os.environ.get("AWS_ENDPOINT_URL", "")
    try:
        from botocore.client import ClientCreator
    except ImportError:
        return
    create = ClientCreator.create_client
    form = re.compile(r"https?://([a-z0-9]+)[.]execute-api[.][^/]+/([^/]+)/?")

    def create_client(self, *args, **kwargs):
        found = form.fullmatch(kwargs.get("endpoint_url") or "")
        if found and emulator:
            kwargs["endpoint_url"] = "%s/_aws/execute-api/%s/%s" % (emulator.rstrip("/"), *found.groups())
        return create(self, *args, **kwargs)

    ClientCreator.create_client = create_client
'''
