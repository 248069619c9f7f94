/** The player's controls: media-chrome's, laid out. They find the controller that they stand in. */
import { IconGauge } from '@tabler/icons-react';
import {
  MediaControlBar,
  MediaFullscreenButton,
  MediaMuteButton,
  MediaPipButton,
  MediaPlayButton,
  MediaTimeDisplay,
  MediaTimeRange,
  MediaVolumeRange,
} from 'media-chrome/react';
import {
  MediaAudioTrackMenu,
  MediaAudioTrackMenuButton,
  MediaCaptionsMenu,
  MediaCaptionsMenuButton,
  MediaPlaybackRateMenu,
  MediaPlaybackRateMenuButton,
  MediaRenditionMenu,
  MediaRenditionMenuButton,
} from 'media-chrome/react/menu';
import type { ReactNode } from 'react';
import { hidePreview } from '../player/preview.ts';
import { RATES } from './perform.ts';

/** `above`: drawn over the time line; it takes no room. */
export function Controls({ above }: { above?: ReactNode }) {
  return (
    <>
      <MediaRenditionMenu hidden anchor="auto" />
      <MediaCaptionsMenu hidden anchor="auto" />
      <MediaAudioTrackMenu hidden anchor="auto" />
      <MediaPlaybackRateMenu hidden anchor="auto" rates={RATES} />
      <div className="bars">
        {above}
        <MediaTimeRange ref={hidePreview} />
        <MediaControlBar>
          <MediaPlayButton />
          <MediaMuteButton />
          <MediaVolumeRange />
          <MediaTimeDisplay showDuration noToggle />
          <span className="space" />
          <MediaCaptionsMenuButton aria-haspopup="menu" />
          <MediaAudioTrackMenuButton aria-haspopup="menu" />
          <MediaPlaybackRateMenuButton aria-haspopup="menu">
            <IconGauge slot="icon" style={{ fill: 'none' }} aria-hidden />
          </MediaPlaybackRateMenuButton>
          <MediaRenditionMenuButton aria-haspopup="menu" />
          <MediaPipButton />
          <MediaFullscreenButton />
        </MediaControlBar>
      </div>
    </>
  );
}
