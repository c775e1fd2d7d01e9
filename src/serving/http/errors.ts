/** An error as OpenAI's servers write it: `{error: {message, type, code}}` with an HTTP status. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get body(): { error: { message: string; type: string; param: null; code: string } } {
    const type =
      this.status >= 500 ? 'server_error' : this.status === 401 ? 'authentication_error' : 'invalid_request_error';
    return { error: { message: this.message, type, param: null, code: this.code } };
  }
}
