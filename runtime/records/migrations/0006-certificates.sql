-- Sources that sign in with a certificate of the platform's own authority. Several may be in force at once: after a renewal the former
-- one stays good until its box has taken up the new one, or it ends by itself.
create table source_certificate (
  -- SHA-256 of the certificate in DER, hexadecimal: what a live connection is compared with.
  fingerprint text primary key,
  source_id text not null references source,
  -- Of the certificate, hexadecimal, as its issuer wrote it.
  serial text not null unique,
  -- SHA-256 of the SubjectPublicKeyInfo of its key, hexadecimal.
  key_fingerprint text not null,
  issued_at timestamptz not null,
  not_after timestamptz not null,
  revoked_at timestamptz
);
create index source_certificate_by_source on source_certificate (source_id, not_after);
