/** What others show of a video: the page for a frame, what makes an address unfold, and its poster under an address that stays. */
import { videoOf } from '../../lib/contract/embed.ts';
import { required } from '../../lib/contract/env.ts';
import { VIDEO_ID } from '../../lib/contract/keys.ts';
import { line } from '../../lib/contract/text.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { posterUrl, withoutDevice } from '../catalog/view.ts';
import { ApiError, problems } from '../shared/errors.ts';
import { fromOf } from '../shared/from.ts';
import { Reply, type Handlers } from '../shared/http.ts';
import { admit, type Admitted } from './access.ts';
import { playerPage, refusedPage, type Page } from './embed-page.ts';
import { callers } from './options.ts';
import { oembedOf, oembedXml, type Unfolded } from './unfold.ts';

type Asked = Parameters<typeof callers.of>[0];
type PageRoutes = Pick<
  Handlers<'playback'>,
  'GET /api/play/{id}/about' | 'GET /api/play/{id}/poster' | 'GET /api/oembed' | 'GET /embed/{id}'
>;

/** Characters of the longest token. */
const isToken = line(4096);

async function watchable(id: string, asked: Asked): Promise<Admitted> {
  if (!VIDEO_ID.test(id)) throw new ApiError('not-found', 'There is no such video.');
  const who = await callers.of(asked, id, ['manifest']);
  return await admit(id, who?.viewer, fromOf(asked.headers, required('PUBLIC_URL')));
}

/** Who is no viewer of the device is not told it; who is, sees it in the console. */
function aboutOf(record: VideoRecord): Unfolded['about'] {
  const { id, title, description, createdAt, duration, width, height, revision, hasPoster, hasStoryboard } =
    withoutDevice(record);
  return {
    id,
    title,
    description,
    createdAt,
    duration,
    width,
    height,
    hasPoster: hasPoster === true && revision > 0,
    hasStoryboard: hasStoryboard === true,
  };
}

const unfold = ({ video }: Admitted, token: string | undefined): Unfolded => ({
  about: aboutOf(video),
  origin: required('PUBLIC_URL'),
  token,
});

/** What is said of the caller by the address alone: whoever reads it, a program that shows it to others, has no more. */
const byAddress = (headers: Asked['headers'], token: string | undefined): Asked => ({
  headers: { ...headers, authorization: undefined },
  query: { token },
});

/**
 * On whose page a frame is, as its `Referer` says where that page lets it (Fetch's `Sec-Fetch-Dest` tells a frame). So who may not
 * have it there is told in words: of `frame-ancestors`, which holds it in any case, browsers say only that something was blocked.
 * That is why a page that keeps its name to itself is none here.
 */
function onPage(headers: Asked['headers']): Asked['headers'] {
  const { referer } = headers;
  const isFramed = FRAMES.includes(headers['sec-fetch-dest'] ?? '');
  const from = isFramed && referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : headers['origin'];
  return { ...headers, origin: from, referer: undefined, 'sec-fetch-site': undefined };
}
const FRAMES = ['iframe', 'frame', 'embed', 'object'];

const pageReply = ({ html, policy }: Page, status?: number): Reply =>
  new Reply(html, { 'content-security-policy': policy }, [], status);

export const pageRoutes: PageRoutes = {
  'GET /api/play/{id}/about': async (request) => aboutOf((await watchable(request.params.id, request)).video),

  'GET /api/play/{id}/poster': async (request) => {
    const { video } = await watchable(request.params.id, request);
    const location = await posterUrl(video, Date.now());
    if (location === null) throw new ApiError('not-found', 'The video has no poster yet.');
    return new Reply('', { location });
  },

  'GET /api/oembed': async ({ headers, query: { url, format, maxwidth, maxheight } }) => {
    if (format !== undefined && format !== 'json' && format !== 'xml')
      throw new ApiError('format-unknown', 'Ask for format=json or format=xml: there is no other here.');
    const { id, token } = videoOf(url, required('PUBLIC_URL')) ?? {};
    try {
      const admitted = await watchable(id ?? '', byAddress(headers, token));
      const answer = oembedOf(unfold(admitted, token), { maxwidth, maxheight });
      return format === 'xml' ? new Reply(oembedXml(answer), { 'content-type': 'text/xml; charset=utf-8' }) : answer;
    } catch (error) {
      // What somebody may not see reads like what is not there.
      if (isPrivate(error)) throw new ApiError('not-found', 'There is no such video, or it is not public.');
      throw error;
    }
  },

  'GET /embed/{id}': async ({ params: { id }, headers, query: { token, ...options } }) => {
    try {
      if (token !== undefined && !isToken.safeParse(token).success)
        throw new ApiError('invalid-token', 'Copy all of the address once more.');
      const admitted = await watchable(id, byAddress(onPage(headers), token));
      return pageReply(playerPage(id, token, admitted.limits.sites, options, unfold(admitted, token)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The player asks for the password; its sites are told it all the same.
      if (error.code === 'link-locked') return pageReply(playerPage(id, token, error.options.sites, options));
      const code = isPrivate(error) ? 'not-found' : error.code;
      return pageReply(refusedPage(code, error.message), problems[code][0]);
    }
  },
};

const isPrivate = (error: unknown): boolean =>
  error instanceof ApiError && ['unauthorized', 'forbidden', 'not-found'].includes(error.code);
