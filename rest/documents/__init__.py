"""The OpenAPI and AsyncAPI documents, and the pages that show them.

The app writes them once, at start, from the operations, the socket's tables and the schemas that
validate requests. `python -m rest.documents FOLDER` writes the JSON documents to files.

    openapi.py             /openapi.json: the REST interface
    asyncapi.py            /asyncapi.json: the socket
    asyncapi_schemas.py    refusals and `ok`, which no marshmallow schema describes; draft 07
    asyncapi_examples.py   example payloads
    schemas.py             what both documents do with schemas: field types, names, unknown fields
    pages.py  templates/   /docs and /docs/socket, as HTML
    __main__.py            writes the files that checks and generators read
"""
