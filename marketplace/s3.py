"""The bytes of blobs in a bucket of an S3-compatible store."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from marketplace.domain.blobs import BlobRecord, Written
from marketplace.errors import PermanentError, TemporaryError
from marketplace.settings import Settings

# The least that S3 takes as a part of an upload, except the last one.
PART_BYTES = 5 * 1024 * 1024
_READ_BYTES = 256 * 1024
_MISSING = frozenset({"NoSuchKey", "404", "NoSuchUpload", "InvalidRange"})
_REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"}
)


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Turn the client's errors into ours: an operator's mistake waits for the operator, too."""
    try:
        yield
    except (BotoCoreError, ClientError, aiohttp.ClientError, OSError) as error:
        code = _code(error)
        if code in _REFUSED:
            raise TemporaryError(f"S3 refuses us: {code}") from error
        if isinstance(error, ClientError) and code in _MISSING:
            raise PermanentError(f"S3: {code}") from error
        raise TemporaryError(f"S3: {code or type(error).__name__}") from error


def _code(error: BaseException) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


class S3Blobs:
    """Implements the `Blobs` port; its client is opened when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = settings.s3_bucket
        self._opened = AsyncExitStack()
        self._known: Any = None

    async def write(self, blob_id: str, chunks: AsyncIterator[bytes]) -> Written:
        """Write the blob in parts of 5 MiB; it exists once the last request succeeds."""
        client = await self._client()
        named = {"Bucket": self._bucket, "Key": blob_id}
        async with _translated():
            upload = await client.create_multipart_upload(**named)
        named["UploadId"] = upload["UploadId"]
        try:
            return await self._write(client, named, chunks)
        except BaseException:
            with suppress(TemporaryError, PermanentError):
                async with _translated():
                    await client.abort_multipart_upload(**named)
            raise

    async def read(
        self, blob_id: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` on, 256 KiB at a time."""
        if length == 0:
            return
        client = await self._client()
        end = "" if length is None else start + length - 1
        try:
            async with _translated():
                answer = await client.get_object(
                    Bucket=self._bucket, Key=blob_id, Range=f"bytes={start}-{end}"
                )
        except PermanentError:  # no such blob, or nothing of it from `start` on
            return
        async with answer["Body"] as body:
            while True:
                async with _translated():
                    chunk = await body.read(_READ_BYTES)
                if not chunk:
                    return
                yield chunk

    async def delete(self, blob_id: str) -> None:
        """Delete the object, and uploads of it that were never finished."""
        client = await self._client()
        async with _translated():
            await client.delete_object(Bucket=self._bucket, Key=blob_id)
            listed = await client.list_multipart_uploads(Bucket=self._bucket, Prefix=blob_id)
        for upload in listed.get("Uploads", []):
            if upload["Key"] != blob_id:
                continue
            with suppress(PermanentError):
                async with _translated():
                    await client.abort_multipart_upload(
                        Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    async def link(self, record: BlobRecord, expires_in_s: int, disposition: str) -> str | None:
        """A presigned URL, with the headers of the answer signed as well."""
        client = await self._client()
        url: str = await client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": record.id,
                "ResponseContentType": record.media_type,
                "ResponseContentDisposition": disposition,
                "ResponseCacheControl": "private, max-age=3600, immutable",
            },
            ExpiresIn=expires_in_s,
        )
        return url

    async def close(self) -> None:
        """Close the client."""
        await self._opened.aclose()
        self._known = None

    async def _client(self) -> Any:
        if self._known is None:
            config = AioConfig(
                signature_version="s3v4",
                connect_timeout=5,
                read_timeout=20,
                retries={"max_attempts": 2, "mode": "standard"},
                # Newer checksums are not understood by every compatible store.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            context = get_session().create_client(
                "s3",
                endpoint_url=self._settings.s3_endpoint_url or None,
                region_name=self._settings.s3_region,
                aws_access_key_id=self._settings.s3_access_key_id or None,
                aws_secret_access_key=self._settings.s3_secret_access_key or None,
                config=config,
            )
            self._known = await self._opened.enter_async_context(context)
        return self._known

    async def _write(
        self, client: Any, named: dict[str, str], chunks: AsyncIterator[bytes]
    ) -> Written:
        digest, size = hashlib.sha256(), 0
        waiting, parts = bytearray(), list[dict[str, Any]]()
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            waiting += chunk
            if len(waiting) >= PART_BYTES:
                parts.append(await self._part(client, named, len(parts) + 1, waiting))
        if waiting or not parts:
            parts.append(await self._part(client, named, len(parts) + 1, waiting))
        async with _translated():
            await client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
        return Written(size, digest.hexdigest())

    async def _part(
        self, client: Any, named: dict[str, str], number: int, waiting: bytearray
    ) -> dict[str, Any]:
        async with _translated():
            stored = await client.upload_part(**named, PartNumber=number, Body=bytes(waiting))
        waiting.clear()
        return {"PartNumber": number, "ETag": stored["ETag"]}
