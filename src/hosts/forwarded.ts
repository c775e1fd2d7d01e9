import { z } from 'zod';
import { FORWARD_HEADER } from '../jobs/health.ts';
import { parseJson } from '../platform/json.ts';

/** Why a request did not get through, as a port of ours says it: the host is not there, nobody listens there, sshd forbids it. */
const kindSchema = z.enum(['unreachable', 'closed', 'forbidden']);
const faultSchema = z.object({ error: z.object({ type: kindSchema, message: z.string() }) });
export type ForwardedFault = z.infer<typeof faultSchema>['error'];

/** What a port of ours, and not the server behind it, answered; undefined = it was the server. */
export function readForwardedFault(headers: Headers, body: string): ForwardedFault | undefined {
  return headers.has(FORWARD_HEADER) ? faultSchema.safeParse(parseJson(body)).data?.error : undefined;
}
