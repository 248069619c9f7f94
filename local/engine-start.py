"""
MiniStack, held to what CloudFormation on AWS refuses and MiniStack (1.5.33) lets pass. Started by local/engine.ts.

Both differences would hide what a person meets on AWS: a stack whose deletion fails, and an update that rolls back.
"""

from ministack.app import main
from ministack.services import eventbridge, s3
from ministack.services.cloudformation import provisioners

_put_events = eventbridge._put_events
_delete_bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"]
_update_custom_resource = provisioners._custom_resource_update


def put_events_of_mediaconvert(data, allow_aws_source=False):
    """
    Only services send events whose source begins with `aws.`, which MiniStack refuses like AWS. What stands in for MediaConvert
    (local/mediaconvert) is a service here.
    """
    entries = data.get("Entries") or []
    ours = bool(entries) and all(entry.get("Source") == "aws.mediaconvert" for entry in entries)
    return _put_events(data, allow_aws_source=allow_aws_source or ours)


eventbridge._put_events = put_events_of_mediaconvert


def delete_empty_bucket(physical_id, props):
    """Amazon S3 API, DeleteBucket: BucketNotEmpty. MiniStack drops the bucket with all that is in it."""
    bucket = s3._buckets.get(physical_id)
    if bucket is not None and (bucket["objects"] or s3._bucket_has_versions(physical_id)):
        raise ValueError(f"The bucket you tried to delete is not empty: {physical_id}")
    _delete_bucket(physical_id, props)


def update_by_the_same_function(physical_id, old_props, new_props, *args, **kwargs):
    """CloudFormation: "Modifying service token is not allowed." MiniStack asks the new function."""
    if old_props.get("ServiceToken") != new_props.get("ServiceToken"):
        raise ValueError("Modifying service token is not allowed.")
    return _update_custom_resource(physical_id, old_props, new_props, *args, **kwargs)


provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = delete_empty_bucket
provisioners._custom_resource_update = update_by_the_same_function

if __name__ == "__main__":
    main()
