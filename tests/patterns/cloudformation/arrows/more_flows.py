"""More fragments: services beside the first ones, and traps."""

from tests.patterns.cloudformation.arrows.fragments import (
    FUNCTION,
    QUEUE,
    REST,
    TABLE,
    Fragment,
    method,
    permission,
    role,
    sam,
)

MORE = (
    Fragment(
        "an integration of type MOCK that has an address",
        QUEUE
        + role("'sqs:SendMessage'", "!GetAtt PQueue.Arn")
        + method(
            "{Type: <+AWS+><-MOCK->, Credentials: !GetAtt PRole.Arn, "
            "Uri: !Sub 'arn:aws:apigateway:us-east-1:sqs:path/123456789012/${PQueue.QueueName}'}"
        ),
        ("PApi>PQueue integration",),
    ),
    Fragment(
        "a queue in the message to another",
        QUEUE
        + "\n  POther: {Type: AWS::SQS::Queue}\n"
        + role("'sqs:SendMessage'", "'*'")
        + method(
            "{Type: AWS, Credentials: !GetAtt PRole.Arn, Uri: !Sub 'arn:aws:apigateway:us-east-1:sqs:path/1/"
            "${PQueue.QueueName}', RequestTemplates: {application/json: "
            '!Sub \'Action=SendMessage&MessageBody={"QueueUrl": "${POther}"}\'}}'
        ),
        (),
        ("PApi>PQueue integration",),
    ),
    Fragment(
        "a dead-letter queue that admits a queue or none",
        "\n  PDead: {Type: AWS::SQS::Queue, Properties: {RedriveAllowPolicy: "
        "{redrivePermission: <+allowAll+><-denyAll->}}}\n"
        "  PMain: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: "
        "{deadLetterTargetArn: !GetAtt PDead.Arn, maxReceiveCount: 3}}}\n",
        ("PMain>PDead redrive",),
    ),
    Fragment(
        "a role that is for one function or for two",
        TABLE
        + role("'dynamodb:PutItem'", "!GetAtt PTable.Arn")
        + sam("Role: !GetAtt PRole.Arn")
        + sam("Role: <+'arn:aws:iam::123456789012:role/x'+><-!GetAtt PRole.Arn->").replace("PWork", "PIdle"),
        ("PWork>PTable policy!",),
    ),
    Fragment(
        "a machine that calls an API which anyone may call",
        REST
        + role("'lambda:InvokeFunction'", "'*'")
        + """
  PMachine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt PRole.Arn
      Definition:
        StartAt: One
        States:
          One:
            Type: Task
            Resource: arn:aws:states:::apigateway:invoke
            Parameters:
              ApiEndpoint: !Sub '${PApi}.execute-api.${AWS::Region}.amazonaws.com'
              Method: GET
              AuthType: <+NO_AUTH+><-IAM_ROLE->
            End: true
""",
        ("PMachine>PApi task!",),
    ),
    Fragment(
        "a pipe whose source is elsewhere, stopped or not",
        QUEUE
        + role("'sqs:*'", "'*'")
        + """
  PPipe:
    Type: AWS::Pipes::Pipe
    Properties:
      RoleArn: !GetAtt PRole.Arn
      DesiredState: <+RUNNING+><-STOPPED->
      Source: arn:aws:sqs:us-east-1:123456789012:elsewhere
      Target: !GetAtt PQueue.Arn
""",
        ("PPipe>PQueue pipe",),
    ),
    Fragment(
        "a user pool's trigger with a permission",
        FUNCTION
        + "\n  PPool: {Type: AWS::Cognito::UserPool, Properties: {LambdaConfig: {PreSignUp: !GetAtt PWork.Arn}}}\n"
        + f"<+{permission('cognito-idp.amazonaws.com')}+>",
        ("PPool>PWork trigger!",),
    ),
    Fragment(
        "a resource and an arrow under a condition",
        QUEUE + "\n  PMain:\n    Type: AWS::SQS::Queue\n    <-Condition: Never->\n    Properties: {RedrivePolicy: "
        "{deadLetterTargetArn: !GetAtt PQueue.Arn, maxReceiveCount: 3}}\n",
        ("PMain>PQueue redrive",),
    ),
    Fragment(
        "a variable that a condition leaves out",
        QUEUE
        + sam(
            "Environment: {Variables: {URL: !If [<+Always+><-Never->, !Ref PQueue, !Ref 'AWS::NoValue']}}, "
            "Policies: [{Statement: [{Effect: Allow, Action: 'sqs:*', Resource: '*'}]}]"
        ),
        ("PWork>PQueue environment",),
    ),
    Fragment(
        "a data source that a resolver uses",
        TABLE
        + role("'dynamodb:GetItem'", "!GetAtt PTable.Arn").replace("GetItem", "PutItem")
        + """
  PGraph: {Type: AWS::AppSync::GraphQLApi, Properties: {Name: g, AuthenticationType: API_KEY}}
  PSource:
    Type: AWS::AppSync::DataSource
    Properties:
      ApiId: !GetAtt PGraph.ApiId
      Name: Psource
      Type: AMAZON_DYNAMODB
      ServiceRoleArn: !GetAtt PRole.Arn
      DynamoDBConfig: {AwsRegion: us-east-1, TableName: !Ref PTable}
  <+PResolver:
    Type: AWS::AppSync::Resolver
    Properties: {ApiId: !GetAtt PGraph.ApiId, TypeName: Query, FieldName: f, DataSourceName: !GetAtt PSource.Name}+>
""",
        ("PGraph>PTable resolver!",),
    ),
    Fragment(
        "a log group's subscription",
        FUNCTION
        + """
  PGroup: {Type: AWS::Logs::LogGroup}
  PFilter:
    Type: AWS::Logs::SubscriptionFilter
    Properties: {LogGroupName: !Ref PGroup, FilterPattern: '', DestinationArn: !GetAtt PWork.Arn}
"""
        + f"<+{permission('logs.amazonaws.com')}+>",
        ("PGroup>PWork subscription",),
    ),
    Fragment(
        "a distribution's origin that a behavior uses",
        """
  PBucket: {Type: AWS::S3::Bucket}
  PSite:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{Id: b, DomainName: !GetAtt PBucket.RegionalDomainName}]
        DefaultCacheBehavior: {TargetOriginId: <+b+><-c->, ViewerProtocolPolicy: https-only}
""",
        ("PSite>PBucket origin!",),
    ),
)
