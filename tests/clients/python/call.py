"""Calls the examples through the package that openapi-python-client made of their document: call.py FOLDER ADDRESS, where
the package is `made` in the folder."""

import sys

folder, address = sys.argv[1:]
sys.path.insert(0, folder)

from made import Client
from made.api.hello import hello_hello
from made.api.items import items_create_item
from made.models import HTTPValidationError, Item

with Client(base_url=address) as client:
    greeting = hello_hello.sync("World", client=client)
    assert greeting.message == "Hello World", greeting

    item = Item(name="Hammer", price=12.5, tags=["tool"])
    created = items_create_item.sync(7, client=client, body=item, q="abc")
    assert (created.id, created.item.in_stock) == (7, True), created

    item.price = 0
    refused = items_create_item.sync(7, client=client, body=item)
    assert isinstance(refused, HTTPValidationError), refused
    assert refused.detail[0].loc == ["body", "price"], refused
