/** What `<sluice-player>` is made of: the controls are media-chrome's. */
import { RATES } from '../video/perform.ts';
import LOOKS from './player.css?inline';

/** What is the element's own. */
const PLACE = `
:host {
  display: block;
  position: relative;
  width: 100%;
  aspect-ratio: var(--sluice-ratio, 16 / 9);
  overflow: hidden;
  background: #101417;
  color: #fff;
  font: 15px/1.5 system-ui, sans-serif;
}
.sluice-player { position: absolute; inset: 0 }
media-controller { height: 100% }
.over button, .over input { min-height: 36px; padding: 4px 14px; border: 1px solid #fff; border-radius: 6px; font: inherit }
.over button { background: #fff; color: #101417; font-weight: 600; cursor: pointer }
.over input { background: #101417; color: #fff }
.row { display: flex; flex-wrap: wrap; gap: 8px; justify-content: center }
:host([hidden]), .sluice-player .over[hidden], .over [hidden] { display: none }
`;

/** In place of words that its name for who does not see them, `Playback rate 1`, does not have: `1x` (WCAG 2.5.3). */
const GAUGE = `<svg slot="icon" viewBox="0 0 24 24" aria-hidden="true" style="fill: none; stroke: currentColor; stroke-width: 2">
<circle cx="12" cy="12" r="9"/><path d="m12 12 4-4" stroke-linecap="round"/></svg>`;

/** The same elements in the same order as the console's player has (web/src/video/Controls.tsx). */
export const MARKUP = `<style>${LOOKS}${PLACE}</style>
<div class="sluice-player">
<media-controller nohotkeys>
<hls-video slot="media" preload="metadata" playsinline crossorigin="anonymous"></hls-video>
<media-poster-image slot="poster" hidden aria-hidden="true"></media-poster-image>
<media-loading-indicator slot="centered-chrome" noautohide></media-loading-indicator>
<media-rendition-menu hidden anchor="auto"></media-rendition-menu>
<media-captions-menu hidden anchor="auto"></media-captions-menu>
<media-audio-track-menu hidden anchor="auto"></media-audio-track-menu>
<media-playback-rate-menu hidden anchor="auto" rates="${RATES.join(' ')}"></media-playback-rate-menu>
<div class="bars">
<media-time-range></media-time-range>
<media-control-bar>
<media-play-button></media-play-button>
<media-mute-button></media-mute-button>
<media-volume-range></media-volume-range>
<media-time-display showduration notoggle></media-time-display>
<span class="space"></span>
<media-captions-menu-button aria-haspopup="menu"></media-captions-menu-button>
<media-audio-track-menu-button aria-haspopup="menu"></media-audio-track-menu-button>
<media-playback-rate-menu-button aria-haspopup="menu">${GAUGE}</media-playback-rate-menu-button>
<media-rendition-menu-button aria-haspopup="menu"></media-rendition-menu-button>
<media-pip-button></media-pip-button>
<media-fullscreen-button></media-fullscreen-button>
</media-control-bar>
</div>
</media-controller>
<div class="said" role="status"></div>
<div class="over" role="alert" hidden>
<p><strong class="title"></strong></p>
<p class="sentence"></p>
<form class="row" hidden>
<input type="password" aria-label="Password" autocomplete="off" maxlength="200" required>
<button>Watch</button>
</form>
<button class="again" hidden>Try again</button>
</div>
</div>`;
