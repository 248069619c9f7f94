"""
MiniStack, held to what CloudFormation on AWS refuses and MiniStack (1.5.33) lets pass. Started by local/engine.ts.

Both differences would hide what a person meets on AWS: a stack whose deletion fails, and an update that rolls back.
"""

from ministack.app import main
from ministack.services import s3
from ministack.services.cloudformation import provisioners

_delete_bucket = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"]
_update_custom_resource = provisioners._custom_resource_update


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
