import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import { type VectorServer, type VectorServerKind, vectorServerKindSchema } from './types.ts';

interface Form {
  readonly protocol: RegExp;
  readonly example: string;
  /** What a URL of this kind must have besides a host. */
  readonly whole: (url: URL) => boolean;
}

const consistencySchema = z.enum(['strong', 'bounded', 'eventually']);
/** How fresh a search in Milvus is; undefined: it is written in a way that Milvus does not know. Pure. */
export const consistencyOf = ({ searchParams }: URL): z.infer<typeof consistencySchema> | undefined =>
  consistencySchema.safeParse(searchParams.get('consistency') ?? 'strong').data;

const FORMS: Readonly<Record<VectorServerKind, Form>> = {
  milvus: {
    protocol: /^milvus:$/,
    example: 'milvus://USER@HOST:19530/DATABASE[?consistency=strong|bounded|eventually]',
    whole: (url) => consistencyOf(url) !== undefined,
  },
  pgvector: {
    protocol: /^postgres(ql)?:$/,
    example: 'postgres://USER@HOST:5432/DATABASE',
    whole: ({ username, pathname }) => username !== '' && pathname.length > 1,
  },
  weaviate: { protocol: /^weaviate:$/, example: 'weaviate://HOST:8080', whole: ({ username }) => username === '' },
};

/** How a URL of a kind is written, for people. */
export const exampleUrl = (kind: VectorServerKind): string => FORMS[kind].example;

/** The kind of server that a URL is of. Errors: `usage`. */
export function kindOfUrl(text: string): VectorServerKind {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  const kind = vectorServerKindSchema.options.find((each) => FORMS[each].protocol.test(protocol));
  if (kind) return kind;
  const examples = vectorServerKindSchema.options.map(exampleUrl).join(' or ');
  throw new RagtuiError('usage', `"${text}" is not the URL of a vector database.`, `Give one like ${examples}.`);
}

/** The URL of a server, checked. Errors: `usage`. */
export function serverUrl({ kind, url: text }: Pick<VectorServer, 'kind' | 'url'>): URL {
  const { protocol, example, whole } = FORMS[kind];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.password) {
    throw new RagtuiError(
      'usage',
      'A password does not belong in the URL.',
      'Name the environment variable that holds it with --key-env, or give it with --key-store file.',
    );
  }
  if (url && protocol.test(url.protocol) && url.hostname !== '' && whole(url)) return url;
  throw new RagtuiError('usage', `"${text}" is not the URL of a ${kind} server.`, `Give one like ${example}.`);
}

/** Encrypted unless it was said otherwise or never leaves this machine. */
export function usesTls(server: VectorServer): boolean {
  const { hostname } = serverUrl(server);
  return server.tls ?? !['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}
