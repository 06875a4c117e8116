"""The way in under Google's real host names: a CONNECT proxy that ends TLS with a throw-away authority."""

import contextlib
import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.google.app import HOSTS
from tests.google.connection import Handler
from tests.google.protocol import Answer

_LIFETIME = datetime.timedelta(days=7)


class Authority:
    """A certificate authority that lives as long as the stand-in; one certificate serves all host names."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        ca_key, host_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = self._certificate("Stand-in for Google, test authority", ca_key, ca_key, None)
        host = self._certificate("sheets.googleapis.com", host_key, ca_key, ca.subject)
        self.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        chain = folder / "host.pem"
        chain.touch(mode=0o600)
        chain.write_bytes(
            host_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + host.public_bytes(serialization.Encoding.PEM)
            + ca.public_bytes(serialization.Encoding.PEM)
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)

    @staticmethod
    def _certificate(
        name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Name | None
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if issuer is not None:
            names: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(HOSTS)]
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
        else:
            usage = x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(signer, hashes.SHA256())


class Tunnel(Handler):
    """Answers CONNECT for Google's hosts by becoming them; refuses every other host and every plain request."""

    context: ssl.SSLContext

    def dispatch(self) -> None:
        """Open the tunnel, or answer a request that came through it."""
        if self.host:
            super().dispatch()
        elif self.command == "CONNECT" and _host(self.path) in HOSTS:
            self._become(_host(self.path))
        else:
            text = "This proxy leads to the stand-in for Google only.\n"
            self.send(Answer(403, text.encode(), "text/plain; charset=utf-8"), close=True)

    def _become(self, host: str) -> None:
        """Go on with the same connection as that host, under TLS."""
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()
        try:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
        except OSError:  # the client went away, or does not trust the authority
            self.close_connection = True
            return
        self.request = self.connection
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", -1)
        self.host = host
        self.close_connection = False

    def finish(self) -> None:
        """Close what `_become` opened."""
        with contextlib.suppress(OSError):
            super().finish()
        if self.host:
            with contextlib.suppress(OSError):
                self.connection.close()


def _host(target: str) -> str:
    return target.rpartition(":")[0].lower() if target.endswith(":443") else ""
