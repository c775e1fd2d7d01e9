import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { RagtuiError, toRagtuiError } from './errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * What is trusted when `network.ca_file` is set: its certificates, the usual ones, and those of `NODE_EXTRA_CA_CERTS`
 * (which Node forgets once a list is given). Errors: `invalid` when the file cannot be used.
 */
export function trustedWith(caFile: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const extra = env['NODE_EXTRA_CA_CERTS'];
  return [...rootCertificates, ...certificatesOf(caFile), ...(extra ? optional(extra) : [])];
}

/** The certificates of a PEM file. Errors: `invalid`. */
export function certificatesOf(caFile: string): string[] {
  let text: string;
  try {
    text = readFileSync(caFile, 'utf8');
  } catch (error) {
    throw unusable(caFile, toRagtuiError(error).message);
  }
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw unusable(caFile, 'it holds no certificate in PEM form');
  for (const pem of found) {
    try {
      new X509Certificate(pem);
    } catch {
      throw unusable(caFile, 'one of its certificates cannot be read');
    }
  }
  return found;
}

/** Node itself only warns about a bad NODE_EXTRA_CA_CERTS. */
function optional(file: string): string[] {
  try {
    return certificatesOf(file);
  } catch {
    return [];
  }
}

const unusable = (file: string, why: string): RagtuiError =>
  new RagtuiError(
    'invalid',
    `The certificates of network.ca_file (${file}) cannot be used: ${why}.`,
    'Correct the path in config.toml: a PEM file with the certificate of your proxy or server.',
  );
