/** What is done to the ensemble of a round, and where the cluster lives in it. */
enum Round {
    /** Its leader is killed in mid-copy. */
    KILL("KILL", "", null),
    /** Its leader stands still from mid-copy to dual write. */
    FREEZE("STOP", "", null),
    /** The cluster lives below a chroot, beside another one. */
    CHROOT("KILL", "/one/kafka", null),
    /** Nobody but one user may read or write the cluster's znodes. */
    ACL("KILL", "", "judge:secret");

    final String signal;
    final String chroot;
    final String auth;

    Round(String signal, String chroot, String auth) {
        this.signal = signal;
        this.chroot = chroot;
        this.auth = auth;
    }
}
