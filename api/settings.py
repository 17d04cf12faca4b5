"""The settings of a running service: environment variables `ONRECORD_…`."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.engines import Connections


def _proxy(value: str) -> str:
    if value != "*":
        # What is no address would be trusted by nobody, and nobody would know why.
        ipaddress.ip_network(value)
    return value


Proxy = Annotated[str, AfterValidator(_proxy)]


class Settings(BaseSettings):
    """Everything that a deployment may decide."""

    model_config = SettingsConfigDict(env_prefix="ONRECORD_", extra="ignore")

    database_url: str = Field("sqlite:///onrecord.sqlite", description="SQLite file or PostgreSQL database")
    direct_url: str | None = Field(
        None,
        description="The same database past PgBouncer, for commands and what needs a session of its own",
    )
    read_url: str | None = Field(
        None, description="Replica of the PostgreSQL database, or what leads to several: reads go there"
    )
    catch_up_seconds: float = Field(
        0.5, ge=0, description="Time that a replica gets to catch up with what a reader has seen"
    )
    pool_size: int = Field(10, ge=1, description="Connections that a process keeps, to each database")
    pool_overflow: int = Field(40, ge=0, description="Connections that it adds to them in a rush")
    pool_seconds: float = Field(30, ge=0, description="Time that a request waits for a free connection")
    read_seconds: float = Field(
        30,
        ge=0,
        description="Time that PostgreSQL gets for one statement of a reading; 0: any. Exports get any",
    )
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on")
    public_url: str | None = Field(
        None,
        pattern="^https?://[^/?#]+$",
        description="Where readers find the service, such as https://record.example, for the links of feeds; "
        "else the address that they asked",
    )
    seeds: bool = Field(True, description="Load the documents that ship with the product")
    measures: Path | None = Field(None, description="File of measures that a newsroom adds")
    reads: Literal["open", "closed"] = Field("open", description="Whether anybody may read, or keys alone")
    limit_address: int = Field(6000, ge=0, description="Requests a minute of one address; 0: any number")
    limit_key: int = Field(12000, ge=0, description="Requests a minute of one key; 0: any number")
    trusted_proxies: list[Proxy] = Field(
        [], description="Addresses or networks of proxies that say in X-Forwarded-For who asks, or `*`"
    )
    cors_origins: list[str] = Field([], description="Origins whose scripts may read and write, or `*`")
    body_limit: int = Field(12 << 20, ge=0, description="Largest request body in bytes")
    batch_limit: int = Field(128 << 20, ge=0, description="Largest batch of documents in bytes")
    compress_from: int = Field(1000, ge=0, description="Smallest body in bytes that is compressed")
    memory: int = Field(
        16 << 20, ge=0, description="Bytes of answers that are remembered while the record does not change"
    )
    exports: int = Field(
        4, ge=1, description="Exports that may run at once; the next ones are asked to come back"
    )
    log_format: Literal["json", "console"] = Field("json", description="Lines for machines or for eyes")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe line written"
    )
    shutdown_seconds: int = Field(10, ge=0, description="Time that open requests get when the service stops")
    worker: bool = Field(
        True,
        description="Whether the service calls subscribers back and ends embargoes; else `onrecord worker`",
    )
    callback_http: bool = Field(False, description="Whether call-backs may go to http://, unencrypted")
    callback_loopback: bool = Field(False, description="Whether they may go to this very machine")
    callback_retry_scale: float = Field(
        1.0,
        gt=0,
        description="Length of the pauses between attempts; 1: 75 hours in all",
        allow_inf_nan=False,
    )

    @property
    def connections(self) -> Connections:
        """What the service lets its database bear."""
        return Connections(
            self.pool_size, self.pool_overflow, self.pool_seconds, self.read_seconds, self.catch_up_seconds
        )

    @property
    def own_url(self) -> str:
        """The database for who needs sessions of his own, as commands do."""
        return self.direct_url or self.database_url
