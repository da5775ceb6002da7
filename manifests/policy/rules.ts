/** All rules, by the name that the check shows. */
import { checkAccounts, checkBindings, checkRights, checkTokens } from "./access.ts";
import { checkAnnotations } from "./annotations.ts";
import { checkAvailability, checkBudgets } from "./availability.ts";
import type { Rule } from "./finding.ts";
import { checkNamespaces, checkOwnPods, checkReadOnlyRoot } from "./hardening.ts";
import { checkIdentity } from "./identity.ts";
import { checkImages } from "./images.ts";
import { checkLabels, checkRelease, checkSelectorLabels } from "./labels.ts";
import { checkNetworkPolicies, checkNetworkPorts } from "./network.ts";
import { checkPodSecurity } from "./pod-security.ts";
import { checkProbes } from "./probes.ts";
import { checkReferences, checkVolumes } from "./references.ts";
import { checkResources } from "./resources.ts";
import { checkCredentials, checkNoSecret, checkSecretValues } from "./secrets.ts";
import { checkMonitors, checkOwnSelectors, checkPodSelectors, checkServices } from "./targets.ts";

type Named = readonly [name: string, rule: Rule];

/** What holds for every object, also in an example that a user takes as a start. */
export const RULES: readonly Named[] = [
  ["pods keep the profile restricted", checkPodSecurity],
  ["root file systems are read-only", checkReadOnlyRoot],
  ["CPU and memory are requested, memory is limited", checkResources],
  ["containers that last are probed, at ports that they declare", checkProbes],
  ["images say a version or a digest, or belong to their overlay", checkImages],
  ["Secrets hold placeholders only", checkSecretValues],
  ["no field holds a credential", checkCredentials],
  ["no two objects are the same", checkIdentity],
  ["workloads select their own pods", checkOwnSelectors],
  ["volumes are mounted and mounts have volumes", checkVolumes],
  ["RBAC names what it allows", checkRights],
];

/** What holds beside that for a folder that is rendered: all of it is ours. */
export const OWN_RULES: readonly Named[] = [
  ["there is no Secret", checkNoSecret],
  ["objects and pods have the recommended labels", checkLabels],
  ["selectors have no version", checkSelectorLabels],
  ["monitors and rules have the label that Prometheus selects by", checkRelease],
  ["pods have no service links, and the image's user", checkOwnPods],
  ["namespaces are restricted", checkNamespaces],
  ["replicas are spread, and no drain takes them all", checkAvailability],
  ["PodDisruptionBudgets block no drain", checkBudgets],
  ["a NetworkPolicy selects every pod", checkNetworkPolicies],
  ["NetworkPolicies open ports that pods have", checkNetworkPorts],
  ["selectors meet pods", checkPodSelectors],
  ["Services meet pods, at ports that they have", checkServices],
  ["monitors meet pods and Services, at ports that they have", checkMonitors],
  ["pods are scraped once, at a port that they have", checkAnnotations],
  ["tokens are mounted where RBAC binds the account", checkTokens],
  ["ServiceAccounts exist", checkAccounts],
  ["Roles are bound, and bound Roles exist", checkBindings],
  ["what pods refer to exists", checkReferences],
];
