/**
 * Who a device is. The phone field (BCD[6], or BCD[10] with a 2019 header) is opaque bytes on the wire and is sent back
 * as it came; for registration and for matching control with media connections it becomes one string:
 *
 * - all digits: those digits without leading zeros ("0" when there are only zeros);
 * - hex letters, and the last six bytes are a binary number of exactly 14 digits (others zero): an IMEI without its
 *   check digit, as Jimi and Concox send it; the 14 digits and their Luhn digit, which is the IMEI as printed;
 * - any other hex letters: the lower-case hex digits without leading zeros. At least one is a letter, so no such string
 *   is ever a number.
 *
 * A binary IMEI whose hex digits happen to hold no letter (about one in three hundred) cannot be told from BCD, and is
 * known by those digits.
 */

/** Identity string of the phone or SIM field `bytes`, of any length. */
export function phoneIdentity(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  let start = 0;
  while (start < hex.length - 1 && hex.charCodeAt(start) === 0x30) start++;
  const digits = hex.slice(start);
  if (!/[a-f]/.test(digits)) return digits;
  if (digits.length <= 12) {
    const number = Number.parseInt(digits, 16);
    if (number >= 1e13 && number < 1e14) return withLuhn(String(number));
  }
  return digits;
}

/**
 * What the control and the media connection of one device have in common: the last 12 digits of its identity, without
 * leading zeros. A 2019 terminal has up to 20 digits, its media packets often only BCD[6] (JT/T 1078-2016 table 19).
 */
export function correlationKey(identity: string): string {
  return identity.slice(-12).replace(/^0+(?=.)/, '');
}

/** Phone field bytes of a device with these digits, padded left with 0: for the simulator and for tests. */
export function phoneBytes(digits: string, version: 2013 | 2019): Buffer {
  const size = version === 2019 ? 20 : 12;
  return Buffer.from(digits.padStart(size, '0').slice(-size), 'hex');
}

/** `digits` and their Luhn check digit (ISO/IEC 7812-1 annex B). */
function withLuhn(digits: string): string {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30;
    const doubled = at % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits + String((10 - (sum % 10)) % 10);
}
