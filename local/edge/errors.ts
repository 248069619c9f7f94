/** Answers CloudFront and S3 give in their own name. */

export interface OwnAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** The body CloudFront sends with a refused signature, and S3 with a refused object. */
export const xmlError = (status: number, code: string, message: string): OwnAnswer => ({
  status,
  contentType: 'text/xml',
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

/** CloudFront's page for what it cannot serve. `reason` is ours: plain text without markup. */
export const htmlError = (status: number, reason: string): OwnAnswer => ({
  status,
  contentType: 'text/html',
  body: `<!DOCTYPE html><html><head><title>ERROR: The request could not be satisfied</title></head><body><h1>${status} ERROR</h1><h2>The request could not be satisfied.</h2><p>${reason}</p></body></html>\n`,
});

/** The origin could not be asked or did not answer: 502 or 504 (Developer Guide, "Origin unavailable"). */
export class OriginUnavailable extends Error {
  override name = 'OriginUnavailable';
  readonly status: 502 | 504;
  constructor(status: 502 | 504, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
