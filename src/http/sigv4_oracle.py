"""Signs what sigv4_oracle_test.cc reads to it, with botocore: a JSON array of requests on standard
input, an array of [Authorization, presigned URL] on standard output."""
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIME = datetime.datetime(2024, 2, 29, 23, 59, 58)


class FixedTime(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return TIME


class FixedModule:
    datetime = FixedTime


botocore.auth.datetime = FixedModule
answers = []
for request in json.load(sys.stdin):
    credentials = Credentials("AKID/+=", "secret/+=", request["token"] or None)
    service = request["service"]
    in_header = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    signed = AWSRequest(request["method"], request["url"], headers=dict(request["headers"]),
                        data=request["body"].encode())
    in_header(credentials, service, "eu-west-1").add_auth(signed)
    in_query = AWSRequest(request["method"], request["presigned_url"])
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "eu-west-1", 900).add_auth(in_query)
    answers.append([signed.headers["Authorization"], in_query.url])
json.dump(answers, sys.stdout)
