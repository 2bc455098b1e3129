/** @peculiar/x509 takes half a second to load, and most processes never touch a certificate. */
export async function loadX509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
