/** Whether anything is still to come, for those who take pictures. */

/** Say that something has begun; call what is returned when it has ended. */
export function busy(): () => void {
  window.__featurewatchBusy += 1;
  let ended = false;
  return () => {
    if (!ended) {
      ended = true;
      window.__featurewatchBusy -= 1;
    }
  };
}
