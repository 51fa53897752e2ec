"""Clients that others wrote, each as its documentation shows it: `python real_clients.py NAME URL TOKEN [SECONDS]`
prints the data of each event on a line, as soon as the client hands it out. SECONDS is how long it bears silence."""

import asyncio
import sys


def show(data):
    if data:
        print(data, flush=True)


def requests_lines(url, headers, seconds):
    import requests
    import urllib3

    # Asks again after a refusal, when the relay says so.
    retry = urllib3.Retry(total=20, status_forcelist=[429, 503])
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
    with session.get(url, headers=headers, stream=True, timeout=seconds) as answer:
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("data: "):
                show(line[len("data: "):])


def sseclient_py(url, headers, seconds):
    import requests
    import sseclient

    with requests.get(url, headers=headers, stream=True, timeout=seconds) as answer:
        for event in sseclient.SSEClient(answer).events():
            show(event.data)


def sseclient(url, headers, seconds):
    import importlib.util
    import sysconfig

    # The package sseclient-py has the same name, and hides this module.
    place = f"{sysconfig.get_paths()['purelib']}/sseclient.py"
    spec = importlib.util.spec_from_file_location("sseclient_module", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for event in module.SSEClient(url, headers=headers, timeout=seconds):
        show(event.data)


def requests_sse(url, headers, seconds):
    import datetime

    import requests_sse

    soon = datetime.timedelta(milliseconds=200)
    with requests_sse.EventSource(url, headers=headers, timeout=seconds, reconnection_time=soon) as source:
        for event in source:
            show(event.data)


def ld_eventsource(url, headers, seconds):
    import ld_eventsource
    import urllib3
    from ld_eventsource.config import ConnectStrategy, ErrorStrategy

    connect = ConnectStrategy.http(
        url, headers=headers, urllib3_request_options={"timeout": urllib3.Timeout(connect=30, read=seconds)})
    client = ld_eventsource.SSEClient(connect=connect, error_strategy=ErrorStrategy.always_continue())
    for event in client.events:
        show(event.data)


def httpx_sse(url, headers, seconds):
    import httpx
    import httpx_sse

    with httpx.Client(timeout=seconds) as client:
        with httpx_sse.connect_sse(client, "GET", url, headers=headers) as source:
            for event in source.iter_sse():
                show(event.data)


def httpx_lines(url, headers, seconds):
    import httpx

    with httpx.stream("GET", url, headers=headers, timeout=seconds) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                show(line[len("data: "):])


def jsonlines(url, headers, seconds):
    import json

    import jsonlines
    import requests

    headers = {**headers, "Accept": "application/x-ndjson"}
    with requests.get(url, headers=headers, stream=True, timeout=seconds) as answer:
        for message in jsonlines.Reader(answer.iter_lines()):
            show(json.dumps(message))


def aiohttp_sse_client(url, headers, seconds):
    import aiohttp
    from aiohttp_sse_client import client

    async def follow():
        timeout = aiohttp.ClientTimeout(total=None, sock_read=seconds)
        async with client.EventSource(url, headers=dict(headers), timeout=timeout) as source:
            async for event in source:
                show(event.data)

    asyncio.run(follow())


if __name__ == "__main__":
    _, name, url, token, *seconds = sys.argv
    globals()[name](url, {"Authorization": f"Bearer {token}"}, float(seconds[0]) if seconds else 300)
