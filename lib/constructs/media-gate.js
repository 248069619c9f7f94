// CloudFront Function (cloudfront-js-2.0), viewer request, of everything below /vod/, /live/ and /downloads/. What is signed is the address as
// the viewer wrote it, with the ticket of a session (lib/contract/ticket.ts) in its path: /vod/{id}/s/{ticket}/r1/video/720p.m3u8.
// The ticket is taken out here, before the cache key, so that all viewers share what is cached. Files that are signed alone
// (posters, stills, an alarm's) have no ticket and pass as they are. What was revoked is refused (lib/contract/revocation.ts): a
// store that cannot be read is an error of the function, and so a refusal, too.
import cf from 'cloudfront';
const store = cf.kvs();

// Our keys are made of these characters and no segment begins with a dot: nothing else is a path of ours. So no path can be
// written in two ways, and none leads out of what its signature names.
var STRANGE = /[^A-Za-z0-9/._-]|\/\/|\/\./;
// Session (when it began, base 36, and 16 characters), subject, link, address and, where there is a limit, the tallest rung and country.
var TICKET =
  /^[0-9a-z]{7}[A-Za-z0-9]{16}\.(-|[A-Za-z0-9_-]{11})\.(-|[A-Za-z0-9_-]{1,64})\.(-|[0-9a-f]{8}|[0-9a-f]{32})(\.(-|[1-9][0-9]{1,4})\.(-|[A-Z]{2}))?$/;
// A rung's playlist or folder below a revision: `r1/video/720p.m3u8`, `r1/video/720p/00001.m4s`.
var RUNG = /^([1-9][0-9]{1,4})p(\.m3u8)?$/;
// How many lines a segment of a channel has, in its name (lib/contract/live-keys.ts): `…-720c.m4s`.
var LINES = /-([1-9][0-9]{0,4})[cd]e?\.m4s$/;

function refused() {
  return { statusCode: 403, statusDescription: 'Forbidden', headers: { 'cache-control': { value: 'no-store' } } };
}

/** The digits of a number in base `radix` as hex, `length` of them. */
function hex(text, radix, length) {
  return ('0000' + parseInt(text, radix).toString(16)).slice(-length);
}

/** As tickets have it: an IPv4 address as 8 hex digits, an IPv6 address as 32, and IPv4 inside IPv6 (::ffff:192.0.2.1) as IPv4. */
function addressOf(ip) {
  var dotted = ip.slice(ip.lastIndexOf(':') + 1);
  if (dotted.indexOf('.') !== -1) {
    var v4 = dotted
      .split('.')
      .map((part) => hex(part, 10, 2))
      .join('');
    if (dotted === ip) return v4;
    ip = ip.slice(0, ip.length - dotted.length) + v4.slice(0, 4) + ':' + v4.slice(4);
  }
  var sides = ip.split('::');
  var left = sides[0] === '' ? [] : sides[0].split(':');
  var right = sides.length < 2 || sides[1] === '' ? [] : sides[1].split(':');
  var zeros = '0'.repeat(4 * Math.max(0, 8 - left.length - right.length));
  var groups = (list) => list.map((group) => hex(group, 16, 4)).join('');
  var all = groups(left) + zeros + groups(right);
  return all.slice(0, 24) === '00000000000000000000ffff' ? all.slice(24) : all;
}

/** Whether what stands behind a ticket is of a picture, and of a taller one than it opens, or of nobody knows which. */
function isTooTall(kind, name, tallest) {
  if (tallest === undefined || tallest === '-' || kind !== 'video') return false;
  var rung = RUNG.exec(name || '');
  return rung === null || Number(rung[1]) > Number(tallest);
}

/** The same of a channel: of its segments, wherever they lie. Those of before names said it are nobody's who is held to a height. */
function isTooHigh(uri, tallest) {
  if (tallest === undefined || tallest === '-' || uri.slice(-4) !== '.m4s') return false;
  var lines = LINES.exec(uri);
  return lines === null || Number(lines[1]) > Number(tallest);
}

/**
 * `at`: epoch seconds at which it was revoked; 0 for what was not, or is over. `open`: it refuses what began by then and nothing else, since
 * the video was restored.
 */
async function revocationOf(key) {
  var there = await store.exists(key);
  if (!there) return { at: 0, open: true };
  var value = await store.get(key);
  var parts = value.split(' ');
  if (Number(parts[1]) * 1000 <= Date.now()) return { at: 0, open: true };
  // What cannot be understood was meant to refuse.
  return { at: Number(parts[0]) || Infinity, open: parts[2] === 'open' };
}

/** The first of them alone. */
async function revokedAt(key) {
  var revocation = await revocationOf(key);
  return revocation.at;
}

// oxlint-disable-next-line no-unused-vars -- CloudFront calls it by this name
async function handler(event) {
  var request = event.request;
  if (STRANGE.test(request.uri)) return refused();
  var parts = request.uri.split('/');
  // Below a video, or below a channel of a device.
  var live = parts[1] === 'live';
  var at = live ? 4 : 3;
  var whole = await revocationOf((live ? 'd:' : 'v:') + parts[2]);
  if (parts[at] !== 's') return whole.open ? request : refused();
  var ticket = parts[at + 1] || '';
  // A path goes on behind its ticket, and has one.
  if (!TICKET.test(ticket) || !parts[at + 2] || parts[at + 2] === 's') return refused();
  var named = ticket.split('.');
  if (named[3] !== '-' && named[3] !== addressOf(event.viewer.ip)) return refused();
  // CloudFront says it in place of what the viewer says (edge-policies.ts), and nothing where it does not know.
  var country = request.headers['cloudfront-viewer-country'];
  if (named[5] !== undefined && named[5] !== '-' && (!country || country.value !== named[5])) return refused();
  if (live ? isTooHigh(request.uri, named[4]) : isTooTall(parts[at + 3], parts[at + 4], named[4])) return refused();
  // A session that began later was let in since, whatever was revoked before.
  var began = parseInt(ticket.slice(0, 7), 36);
  if (whole.at >= began) return refused();
  var session = await revokedAt('s:' + named[0]);
  if (session !== 0) return refused();
  var subject = named[1] === '-' ? 0 : await revokedAt('u:' + named[1]);
  if (subject >= began) return refused();
  var link = named[2] === '-' ? 0 : await revokedAt('l:' + named[2]);
  if (link >= began) return refused();
  parts.splice(at, 2);
  request.uri = parts.join('/');
  return request;
}
