"""Clients that others wrote, each as its documentation shows it: `python real_clients.py NAME URL TOKEN` prints the data of
each event on a line, as soon as the client hands it out."""

import asyncio
import sys


def show(data):
    if data:
        print(data, flush=True)


def requests_lines(url, headers):
    import requests

    with requests.get(url, headers=headers, stream=True, timeout=300) as answer:
        for line in answer.iter_lines(decode_unicode=True):
            if line.startswith("data: "):
                show(line[len("data: "):])


def sseclient_py(url, headers):
    import requests
    import sseclient

    with requests.get(url, headers=headers, stream=True, timeout=300) as answer:
        for event in sseclient.SSEClient(answer).events():
            show(event.data)


def requests_sse(url, headers):
    import datetime

    import requests_sse

    soon = datetime.timedelta(milliseconds=200)
    with requests_sse.EventSource(url, headers=headers, timeout=300, reconnection_time=soon) as source:
        for event in source:
            show(event.data)


def ld_eventsource(url, headers):
    import ld_eventsource
    from ld_eventsource.config import ConnectStrategy, ErrorStrategy

    client = ld_eventsource.SSEClient(
        connect=ConnectStrategy.http(url, headers=headers), error_strategy=ErrorStrategy.always_continue())
    for event in client.events:
        show(event.data)


def httpx_sse(url, headers):
    import httpx
    import httpx_sse

    with httpx.Client(timeout=None) as client:
        with httpx_sse.connect_sse(client, "GET", url, headers=headers) as source:
            for event in source.iter_sse():
                show(event.data)


def httpx_lines(url, headers):
    import httpx

    with httpx.stream("GET", url, headers=headers, timeout=None) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                show(line[len("data: "):])


def jsonlines(url, headers):
    import json

    import jsonlines
    import requests

    headers = {**headers, "Accept": "application/x-ndjson"}
    with requests.get(url, headers=headers, stream=True, timeout=300) as answer:
        for message in jsonlines.Reader(answer.iter_lines()):
            show(json.dumps(message))


def aiohttp_sse_client(url, headers):
    from aiohttp_sse_client import client

    async def follow():
        async with client.EventSource(url, headers=dict(headers)) as source:
            async for event in source:
                show(event.data)

    asyncio.run(follow())


if __name__ == "__main__":
    _, name, url, token = sys.argv
    globals()[name](url, {"Authorization": f"Bearer {token}"})
