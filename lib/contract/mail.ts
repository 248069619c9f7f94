/**
 * E-mail addresses in the one form by which they are compared. Two that reach one mailbox should be the same text, two that may
 * reach different ones never: whoever could sign in with the second would have what was given to the first. Pure.
 */

/** Printable ASCII of a dot-atom (RFC 5322 3.2.3); 64 characters at most (RFC 5321 4.5.3.1.1). */
const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}$/i;
const LABEL = /^[a-z0-9-]{1,63}$/;
/** What would end the host of an address, or be decoded in it. */
const NO_HOST = /[\s/\\:?#@[\]%<>^|]/;
/** RFC 5321 4.5.3.1.3, less the brackets. */
export const MOST_MAIL = 254;

/**
 * Undefined: none that is taken. Case is folded: RFC 5321 2.4 leaves it to the host of a mailbox whether it counts, and none in use
 * lets two people differ by it. The host is written as DNS is asked (`müller.example` is `xn--mller-kva.example`). Dots and what follows a `+`
 * stay, since only some hosts overlook them. A local part beyond ASCII (SMTPUTF8) is not taken: letters of it look alike, and folding makes some the same.
 */
export function mailAddress(text: string): string | undefined {
  const mail = text.trim();
  const at = mail.lastIndexOf('@');
  if (at < 1 || mail.length > MOST_MAIL) return undefined;
  const [local, domain] = [mail.slice(0, at), mail.slice(at + 1)];
  if (!LOCAL.test(local) || NO_HOST.test(domain) || domain === '') return undefined;
  const host = URL.parse(`http://${domain}`)?.hostname;
  const labels = host?.split('.') ?? [];
  const isName = labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1)!);
  const whole = `${local.toLowerCase()}@${host}`;
  return isName && whole.length <= MOST_MAIL ? whole : undefined;
}
