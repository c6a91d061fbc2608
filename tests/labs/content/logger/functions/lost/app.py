import no_such_package


def handler(event, context):
    return {"statusCode": 200, "body": no_such_package.__name__}
