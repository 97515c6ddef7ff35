"""A certificate authority and a server's certificate for 127.0.0.1, made for a test."""

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def authority(folder, name="ca"):
    """The authority's certificate and key; `folder`/NAME.pem holds the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    constraint = x509.BasicConstraints(ca=True, path_length=None)
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
    built = _built(subject, subject, key).add_extension(constraint, critical=True)
    found = built.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    path = folder / f"{name}.pem"
    path.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    return path, found, key


def server(folder, issuer):
    """Paths of a server's certificate and key, signed by the authority."""
    _, ca, ca_key = issuer
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([address, x509.DNSName("localhost")])
    found = _built(subject, ca.subject, key).add_extension(names, critical=False)
    signed = found.sign(ca_key, hashes.SHA256())
    paths = folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _built(subject, issuer, key):
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(hours=1))
    return builder.not_valid_after(now + dt.timedelta(days=1))
