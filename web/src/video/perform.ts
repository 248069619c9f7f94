/** Does what a key asks of the player, and says what nothing else shows. */
import { nextRate, type PlayerAction } from './player-keys.ts';

/** How fast it can be played. */
export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

/** What is to be said of it, where nothing else shows it. `picture`: seconds that one lasts. */
export function perform(
  action: PlayerAction,
  video: HTMLVideoElement,
  frame: ParentNode | null,
  picture: number,
): string | undefined {
  switch (action.do) {
    case 'toggle':
      // Broken off by a source that is put in, or forbidden by the browser: the player's own button shows it.
      if (video.paused) video.play().catch(() => {});
      else video.pause();
      break;
    case 'mute':
      video.muted = !video.muted;
      break;
    case 'fullscreen':
      // Refused without a person's own key, say: then it stays as it is.
      (document.fullscreenElement
        ? document.exitFullscreen()
        : frame?.querySelector('media-controller')?.requestFullscreen()
      )?.catch(() => {});
      break;
    case 'captions':
      return toggleCaptions([...video.textTracks].filter(({ kind }) => kind === 'subtitles' || kind === 'captions'));
    case 'rate':
      video.playbackRate = nextRate(RATES, video.playbackRate, action.by);
      return `${video.playbackRate} ×`;
    case 'step':
      video.pause();
      video.currentTime = clamp(video.currentTime + action.by * picture, video.duration || 0);
      break;
    case 'seek':
      video.currentTime = clamp(video.currentTime + action.by, video.duration || 0);
      break;
    case 'jump':
      video.currentTime = action.to * (video.duration || 0);
      break;
    case 'volume':
      video.volume = clamp(video.volume + action.by, 1);
      return `Volume ${Math.round(video.volume * 100)} %`;
  }
  return undefined;
}

/** All off, or one on: in the viewer's language where there is one. Says which. */
function toggleCaptions(texts: readonly TextTrack[]): string {
  const isOn = texts.some(({ mode }) => mode === 'showing');
  const wanted = navigator.languages.map((language) => language.split('-')[0]);
  const rank = ({ language }: TextTrack) =>
    (wanted.indexOf(language.split('-')[0]) + wanted.length + 1) % (wanted.length + 1);
  const [best] = texts.toSorted((a, b) => rank(a) - rank(b));
  for (const text of texts) text.mode = !isOn && text === best ? 'showing' : 'disabled';
  if (best === undefined) return 'No captions';
  return isOn ? 'Captions off' : `Captions: ${best.label || best.language || 'on'}`;
}

const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));
