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
import { RATES } from './perform.ts';
import classes from './player.module.css';

export function Controls() {
  return (
    <>
      <MediaRenditionMenu hidden anchor="auto" />
      <MediaCaptionsMenu hidden anchor="auto" />
      <MediaAudioTrackMenu hidden anchor="auto" />
      <MediaPlaybackRateMenu hidden anchor="auto" rates={RATES} />
      <div className={classes.bars}>
        <MediaTimeRange className={classes.range} />
        <MediaControlBar className={classes.bar}>
          <MediaPlayButton />
          <MediaMuteButton />
          <MediaVolumeRange className={classes.volume} />
          <MediaTimeDisplay showDuration noToggle />
          <span className={classes.space} />
          <MediaCaptionsMenuButton className={classes.captions} aria-haspopup="menu" />
          <MediaAudioTrackMenuButton className={classes.audio} aria-haspopup="menu" />
          <MediaPlaybackRateMenuButton className={classes.rate} aria-haspopup="menu">
            <IconGauge slot="icon" style={{ fill: 'none' }} aria-hidden />
          </MediaPlaybackRateMenuButton>
          <MediaRenditionMenuButton className={classes.quality} aria-haspopup="menu" />
          <MediaPipButton className={classes.pip} />
          <MediaFullscreenButton />
        </MediaControlBar>
      </div>
    </>
  );
}
