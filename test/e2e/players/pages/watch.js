/**
 * What a viewer sees and hears of the page's video, written down as it is played: of each picture its time and how bright it
 * is, and the times at which it begins to sound. `window.watched` after `window.watch(places)`, which comes before `start`.
 */
(() => {
  /** Of the picture, so many pixels a side are looked at. */
  const SIDE = 8;
  /** Runs where sound is rendered: says when it begins to sound after a tenth of a second of silence, on the context's clock. */
  const LISTENER = `
    registerProcessor('listener', class extends AudioWorkletProcessor {
      last = -Infinity;
      process([[samples]]) {
        for (let i = 0; i < (samples?.length ?? 0); i += 1) {
          if (Math.abs(samples[i]) < 0.1) continue;
          const at = (currentFrame + i) / sampleRate;
          if (at - this.last > 0.1) this.port.postMessage(at);
          this.last = at;
        }
        return true;
      }
    });`;

  window.watch = async (places = []) => {
    const video = document.querySelector('video');
    const watched = { pictures: [], sounds: [], clock: [], halts: [], colours: undefined, ended: false };
    window.watched = watched;
    video.muted = false;
    video.volume = 1;

    const small = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true });
    const look = (_, { mediaTime, presentedFrames }) => {
      small.drawImage(video, 0, 0, SIDE, SIDE);
      const { data } = small.getImageData(0, 0, SIDE, SIDE);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum += 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2];
      watched.pictures.push([mediaTime, sum / (SIDE * SIDE), presentedFrames]);
      watched.colours ??= coloursOf(video, places);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);

    const audio = new AudioContext({ sampleRate: 48000 });
    await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([LISTENER], { type: 'text/javascript' })));
    const listener = new AudioWorkletNode(audio, 'listener');
    listener.port.addEventListener('message', ({ data }) => watched.sounds.push(data));
    listener.port.start();
    audio.createMediaElementSource(video).connect(listener).connect(audio.destination);
    await audio.resume();

    // Both clocks, side by side: what is heard is said on the one, and belongs to the other.
    setInterval(() => {
      if (!video.paused && !video.seeking && video.readyState >= 3)
        watched.clock.push([audio.currentTime, video.currentTime]);
    }, 10);
    video.addEventListener('waiting', () => watched.halts.push(video.currentTime));
    video.addEventListener('ended', () => (watched.ended = true));
  };

  /** Red, green and blue at these shares of width and height of the picture that is shown. */
  function coloursOf(video, places) {
    const { videoWidth: width, videoHeight: height } = video;
    const whole = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    whole.drawImage(video, 0, 0);
    return places.map(([x, y]) => {
      const { data } = whole.getImageData(Math.floor(x * width), Math.floor(y * height), 1, 1);
      return Array.from(data.subarray(0, 3));
    });
  }
})();
