"""Clients of the AWS services this package uses: S3, Amazon Connect, Kinesis Video Streams, Transcribe, SSM, SQS."""
