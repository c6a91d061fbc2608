"""All fragments: what the prover must see, and must not."""

from tests.patterns.cloudformation.arrows.fragments import (
    FUNCTION,
    INVOKE,
    QUEUE,
    REST,
    TABLE,
    Fragment,
    method,
    permission,
    queue_policy,
    role,
    sam,
)
from tests.patterns.cloudformation.arrows.machines import MACHINES
from tests.patterns.cloudformation.arrows.more_flows import MORE
from tests.patterns.cloudformation.arrows.service_flows import OF_SERVICES

QUEUE_URI = "'arn:aws:apigateway:us-east-1:sqs:path/123456789012/${PQueue.QueueName}'"

GATEWAYS = (
    Fragment(
        "a REST method calls a function that admits it",
        FUNCTION
        + method(f"{{Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: {INVOKE}}}")
        + f"<+{permission('apigateway.amazonaws.com')}+>",
        ("PApi>PWork integration!",),
    ),
    Fragment(
        "a queue in the address of an integration",
        QUEUE
        + role("'sqs:SendMessage'", "!GetAtt PQueue.Arn")
        + method(f"{{Type: AWS, Credentials: !GetAtt PRole.Arn, Uri: !Sub {QUEUE_URI}}}"),
        (),
        ("PApi>PQueue integration",),
    ),
    Fragment(
        "a queue that a mapping template merely mentions",
        FUNCTION
        + QUEUE
        + permission("apigateway.amazonaws.com")
        + method(
            f"{{Type: AWS, Uri: {INVOKE}, RequestTemplates: "
            '{application/json: !Sub \'{"QueueUrl": "${PQueue}"}\'}}'
        ),
        (),
        ("PApi>PWork integration!",),
    ),
    Fragment(
        "a table that only the mapping template names, and a role that may write it",
        TABLE
        + role("<+'dynamodb:PutItem'+><-'dynamodb:DescribeTable'->", "!GetAtt PTable.Arn")
        + method(
            "{Type: AWS, Credentials: !GetAtt PRole.Arn, Uri: 'arn:aws:apigateway:us-east-1:dynamodb:action/PutItem', "
            'RequestTemplates: {application/json: !Sub \'{"TableName": "${PTable}", "Item": $input.body}\'}}'
        ),
        ("PApi>PTable integration!",),
    ),
    Fragment(
        "a stream whose name comes with the request, and a role that names it",
        "\n  PStream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}\n"
        + role("'kinesis:PutRecord'", "<+!GetAtt PStream.Arn+><-'arn:aws:kinesis:us-east-1:123456789012:stream/x'->")
        + method(
            "{Type: AWS, Credentials: !GetAtt PRole.Arn, Uri: 'arn:aws:apigateway:us-east-1:kinesis:action/PutRecord', "
            "RequestTemplates: {application/json: '{\"StreamName\": \"$input.params(''stream'')\"}'}}"
        ),
        ("PApi>PStream integration",),
    ),
    Fragment(
        "an authorizer that a method needs",
        FUNCTION
        + permission("apigateway.amazonaws.com")
        + REST
        + """
  PAuthorizer:
    Type: AWS::ApiGateway::Authorizer
    Properties: {Name: a, Type: TOKEN, RestApiId: !Ref PApi, AuthorizerUri: URI}
  PGet:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref PApi
      ResourceId: !GetAtt PApi.RootResourceId
      HttpMethod: GET
      <+AuthorizationType: CUSTOM
      AuthorizerId: !Ref PAuthorizer+><-AuthorizationType: NONE->
      Integration: {Type: MOCK}
""".replace("URI", INVOKE),
        ("PApi>PWork authorizer!",),
    ),
    Fragment(
        "a cache cluster with caching on",
        REST
        + """
  PStage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref PApi
      StageName: prod
      CacheClusterEnabled: true
      MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', CachingEnabled: <+true+><-false->}]
""",
        ("PApi>PStage cache!",),
    ),
    Fragment(
        "an HTTP API's integration that a route uses",
        FUNCTION
        + permission("apigateway.amazonaws.com")
        + """
  PHttp: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: h, ProtocolType: HTTP}}
  PIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref PHttp, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt PWork.Arn}
  <+PRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref PHttp, RouteKey: GET /, Target: !Sub 'integrations/${PIntegration}'}+>
""",
        ("PHttp>PWork integration!",),
    ),
    Fragment(
        "a WebSocket API to which a function may post",
        """
  PSocket: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: w, ProtocolType: WEBSOCKET}}
"""
        + sam(
            "Policies: [{Statement: [{Effect: Allow, Action: 'execute-api:ManageConnections', "
            "Resource: !Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:<+${PSocket}+><-other->/*'}]}]"
        ),
        ("PWork>PSocket policy!",),
    ),
    Fragment(
        "a SAM API's event",
        "\n  PRest: {Type: AWS::Serverless::Api, Properties: {StageName: prod}}\n"
        + sam("Events: {Get: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref PRest}}}"),
        (),
        ("PRest>PWork integration!",),
    ),
    Fragment(
        "a user pool as authorizer of a SAM API",
        """
  PPool: {Type: AWS::Cognito::UserPool}
  PRest:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth: {<+DefaultAuthorizer: Pool, +>Authorizers: {Pool: {UserPoolArn: !GetAtt PPool.Arn}}}
"""
        + sam("Events: {Get: {Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref PRest}}}"),
        ("PRest>PPool authorizer!",),
        ("PRest>PWork integration!",),
    ),
)

MESSAGING = (
    Fragment(
        "a topic's subscription of a queue with a policy",
        "\n  PTopic: {Type: AWS::SNS::Topic}\n"
        + QUEUE
        + """
  PSubscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref PTopic, Protocol: sqs, Endpoint: !GetAtt PQueue.Arn}
"""
        + f"<+{queue_policy('sns.amazonaws.com')}+>",
        ("PTopic>PQueue subscription",),
    ),
    Fragment(
        "a queue's policy that admits another topic only",
        "\n  PTopic: {Type: AWS::SNS::Topic, Properties: {Subscription: "
        "[{Protocol: sqs, Endpoint: !GetAtt PQueue.Arn}]}}\n"
        + QUEUE
        + queue_policy("sns.amazonaws.com", "<+!Ref PTopic+><-'arn:aws:sns:us-east-1:123456789012:other'->"),
        ("PTopic>PQueue subscription",),
    ),
    Fragment(
        "a redrive policy",
        QUEUE + "\n  PMain: {Type: AWS::SQS::Queue<+, Properties: {RedrivePolicy: "
        "{deadLetterTargetArn: !GetAtt PQueue.Arn, maxReceiveCount: 3}}+>}\n",
        ("PMain>PQueue redrive",),
    ),
    Fragment(
        "an event source that is on",
        QUEUE + sam("Events: {In: {Type: SQS, Properties: {Queue: !GetAtt PQueue.Arn, Enabled: <+true+><-false->}}}"),
        ("PQueue>PWork event-source",),
    ),
    Fragment(
        "an event source that is off until someone switches it on",
        QUEUE
        + sam("Policies: [{Statement: {Effect: Allow, Action: 'sqs:*', Resource: '*'}}]")
        + """
  PMapping:
    Type: AWS::Lambda::EventSourceMapping
    <+Metadata: {SwitchedOn: by an operator}+>
    Properties: {EventSourceArn: !GetAtt PQueue.Arn, FunctionName: !Ref PWork, Enabled: false}
""",
        ("PQueue>PWork event-source",),
    ),
    Fragment(
        "a table's stream",
        TABLE
        + role("['dynamodb:GetRecords']", "'*'")
        + sam("Role: !GetAtt PRole.Arn")
        + """
  PMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt PTable.StreamArn, FunctionName: !Ref PWork, StartingPosition: LATEST}
""",
        ("PTable>PWork event-source",),
    ),
    Fragment(
        "a rule of a custom bus, with dead letters",
        "\n  PBus: {Type: AWS::Events::EventBus, Properties: {Name: PBusName}}\n"
        + QUEUE
        + "\n  PDead: {Type: AWS::SQS::Queue}\n"
        + queue_policy("events.amazonaws.com")
        + """
  PRule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref PBus
      EventPattern: {source: [shop]}
      State: <+ENABLED+><-DISABLED->
      Targets: [{Id: q, Arn: !GetAtt PQueue.Arn<+, DeadLetterConfig: {Arn: !GetAtt PDead.Arn}+>}]
""",
        ("PBus>PQueue rule", "PBus>PDead dead-letter"),
    ),
    Fragment(
        "a rule of the default bus",
        sam("Events: {In: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}}"),
        (),
        ("(default bus)>PWork rule",),
    ),
    Fragment("a schedule alone", sam("Events: {In: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}"), ()),
    Fragment(
        "a schedule of its own, as a role",
        QUEUE
        + role("<+'sqs:SendMessage'+><-'sqs:ReceiveMessage'->", "!GetAtt PQueue.Arn")
        + """
  PDaily:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt PQueue.Arn, RoleArn: !GetAtt PRole.Arn}
""",
        ("PDaily>PQueue schedule",),
    ),
    Fragment(
        "a pipe from a table to a bus",
        TABLE
        + "\n  PBus: {Type: AWS::Events::EventBus, Properties: {Name: PBusName}}\n"
        + role("['dynamodb:GetRecords', 'events:PutEvents']", "'*'")
        + """
  PPipe:
    Type: AWS::Pipes::Pipe
    Properties: {RoleArn: !GetAtt PRole.Arn, Source: !GetAtt PTable.StreamArn, Target: !GetAtt PBus.Arn}
""",
        ("PTable>PBus pipe",),
    ),
    Fragment(
        "a bucket's notification",
        QUEUE
        + queue_policy("s3.amazonaws.com")
        + """
  PBucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        <+QueueConfigurations: [{Event: 's3:ObjectCreated:*', Queue: !GetAtt PQueue.Arn}]+>
        <-EventBridgeConfiguration: {EventBridgeEnabled: false}->
""",
        ("PBucket>PQueue notification",),
    ),
    Fragment(
        "a bucket's events on the default bus",
        """
  PBucket:
    Type: AWS::S3::Bucket
    Properties: {NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}}
""",
        (),
        ("PBucket>(default bus) notification",),
    ),
    Fragment(
        "destinations and dead letters of invocations",
        QUEUE
        + "\n  PDone: {Type: AWS::SQS::Queue}\n"
        + sam(
            "DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt PQueue.Arn}<+, EventInvokeConfig: "
            "{DestinationConfig: {OnSuccess: {Type: SQS, Destination: !GetAtt PDone.Arn}}}+>"
        ),
        ("PWork>PDone destination",),
        ("PWork>PQueue dead-letter",),
    ),
)

USES = (
    Fragment(
        "a SAM policy template without a variable",
        TABLE + sam("Policies: [{<+DynamoDBCrudPolicy+><-DynamoDBReconfigurePolicy->: {TableName: !Ref PTable}}]"),
        ("PWork>PTable policy!",),
    ),
    Fragment(
        "a wide policy and a variable",
        QUEUE
        + sam(
            "Environment: {Variables: {<+URL: !Ref PQueue+><-URL: x->}}, "
            "Policies: [{Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}]"
        ),
        ("PWork>PQueue environment",),
    ),
    Fragment(
        "a policy under a denial",
        TABLE
        + sam(
            "Environment: {Variables: {TABLE: !Ref PTable}}, Policies: [{Statement: ["
            "{Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt PTable.Arn}"
            "<-, {Effect: Deny, Action: 'dynamodb:*', Resource: !GetAtt PTable.Arn}->]}]"
        ),
        ("PWork>PTable environment!",),
    ),
    Fragment(
        "a poller's permission is the event source's",
        QUEUE
        + sam(
            "Environment: {Variables: {URL: !Ref PQueue}}, Policies: [{SQSPollerPolicy: "
            "{QueueName: !GetAtt PQueue.QueueName}}], "
            "Events: {In: {Type: SQS, Properties: {Queue: !GetAtt PQueue.Arn}}}"
        ),
        (),
        ("PQueue>PWork event-source",),
    ),
    Fragment(
        "a name that a parameter gives to both",
        """
  PBucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${Name}-PPictures'}}
"""
        + sam(
            "Policies: [{S3WritePolicy: {BucketName: !Sub '<+${Name}+><-other->-PPictures'}}], "
            "Environment: {Variables: {BUCKET: !Sub '${Name}-PPictures'}}"
        ),
        ("PWork>PBucket environment!",),
    ),
    Fragment(
        "PutEvents by policy without a variable",
        "\n  PBus: {Type: AWS::Events::EventBus, Properties: {Name: PBusName}}\n"
        + sam(
            "Policies: [{Statement: [{Effect: Allow, Action: 'events:<+PutEvents+><-DescribeEventBus->', "
            "Resource: !GetAtt PBus.Arn}]}]"
        ),
        ("PWork>PBus policy",),
    ),
    Fragment(
        "a connector",
        TABLE
        + FUNCTION
        + """
  <+PConnector:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: PWork}, Destination: {Id: PTable}, Permissions: [Write]}+>
""",
        ("PWork>PTable policy!",),
    ),
)

FRAGMENTS = (*GATEWAYS, *MESSAGING, *USES, *MACHINES, *MORE, *OF_SERVICES)
