// What this tab remembers: the secrets, and how times are shown. Nothing outlives the tab.

const SECRETS = "secrets";
const ZONE = "zone";

/** The secrets of whoever is signed in, or null. */
export function secrets() {
  try {
    return JSON.parse(sessionStorage.getItem(SECRETS) ?? "null");
  } catch {
    return null;
  }
}

export function signIn(user, organization) {
  sessionStorage.setItem(SECRETS, JSON.stringify({ user, organization }));
}

export function signOut() {
  sessionStorage.removeItem(SECRETS);
}

/** True if times are shown in UTC instead of the user's own zone. */
export function inUtc() {
  return sessionStorage.getItem(ZONE) === "utc";
}

export function setUtc(utc) {
  sessionStorage.setItem(ZONE, utc ? "utc" : "own");
}

/** Takes the secrets out of a link that signs in, and the fragment out of the address before anything else happens. */
export function takeFromAddress() {
  const found = new URLSearchParams(location.hash.slice(1));
  const [user, organization] = [found.get("user"), found.get("organization")];
  if (!user || !organization) return false;
  history.replaceState(null, "", `${location.pathname}#/`);
  signIn(user, organization);
  return true;
}
