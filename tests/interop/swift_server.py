#!/usr/bin/python3
"""One of the four servers that make an OpenStack Swift with its S3 interface, for scenarios: all state below one
directory, and the buckets' keys are "farm:ci" and "right-secret".

    swift_server.py prepare DIRECTORY PROXY ACCOUNT CONTAINER OBJECT     (ports) writes configuration and rings
    swift_server.py run DIRECTORY proxy|account|container|object         runs that server
    swift_server.py bucket URL NAME                                      makes a bucket"""
import pathlib
import runpy
import subprocess
import sys

PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {etc}
user = {user}
workers = 0
[pipeline:main]
pipeline = catch_errors gatekeeper proxy-logging cache listing_formats bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_farm_ci = right-secret .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
"""
PLAIN_FILTERS = {"catch_errors": "catch_errors", "gatekeeper": "gatekeeper", "proxy-logging": "proxy_logging",
                 "listing_formats": "listing_formats", "bulk": "bulk", "copy": "copy", "slo": "slo", "dlo": "dlo"}
STORAGE = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {etc}
user = {user}
workers = 0
devices = {devices}
mount_check = false
disable_fallocate = true
recon_cache_path = {recon}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


def user():
    import os
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name


def prepare(directory, ports):
    etc, devices, recon = directory / "etc", directory / "devices", directory / "recon"
    for place in (etc, devices / "d1", recon):
        place.mkdir(parents=True)
    (etc / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = grange\nswift_hash_path_prefix = test\n")
    proxy = PROXY.format(port=ports[0], etc=etc, user=user())
    for name, egg in PLAIN_FILTERS.items():
        proxy += f"[filter:{name}]\nuse = egg:swift#{egg}\n"
    (etc / "proxy-server.conf").write_text(proxy)
    for kind, port in zip(("account", "container", "object"), ports[1:]):
        (etc / f"{kind}-server.conf").write_text(
            STORAGE.format(port=port, etc=etc, user=user(), devices=devices, recon=recon, kind=kind))
        builder = str(etc / f"{kind}.builder")
        for words in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
            done = subprocess.run(["/usr/bin/swift-ring-builder", builder, *words], capture_output=True, text=True)
            if done.returncode > 1:  # 1: a warning
                sys.exit(done.stdout + done.stderr)


def run(directory, kind):
    import swift.common.utils as utils  # before anything else of it reads the machine's own configuration
    utils.SWIFT_CONF_FILE = str(directory / "etc" / "swift.conf")
    utils.validate_hash_conf()
    sys.argv = [f"swift-{kind}-server", str(directory / "etc" / f"{kind}-server.conf"), "-v"]
    runpy.run_path(f"/usr/bin/swift-{kind}-server", run_name="__main__")


def make_bucket(url, name):
    import botocore.config
    import botocore.session
    config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 10, "mode": "standard"})
    client = botocore.session.get_session().create_client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="farm:ci",
        aws_secret_access_key="right-secret", config=config)
    client.create_bucket(Bucket=name)


if sys.argv[1] == "bucket":
    make_bucket(*sys.argv[2:])
elif sys.argv[1] == "prepare":
    prepare(pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:])
else:
    run(pathlib.Path(sys.argv[2]).resolve(), sys.argv[3])
