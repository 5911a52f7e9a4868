// One binary with the whole control plane of Kubernetes, for tests: the first argument picks the component, the rest are
// that component's own flags. The components are the upstream ones, linked as ordinary modules, so that what our adapters
// are tested against is what customers run; one binary, because linking four would take four times the memory.
//
// etcd runs from its embed package, with the few settings that a test needs as flags.
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// Cobra commands are built only when asked for: each registers flags and feature gates as it is built.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
}

func main() {
	if len(os.Args) < 2 {
		refuse("name a component: etcd, kube-apiserver, kube-controller-manager or kube-scheduler")
	}
	name := os.Args[1]
	os.Args = append([]string{name}, os.Args[2:]...)
	if name == "etcd" {
		runEtcd()
		return
	}
	build, known := components[name]
	if !known {
		refuse("no component named " + name)
	}
	os.Exit(cli.Run(build()))
}

// runEtcd serves until SIGTERM or SIGINT, then closes the store in order.
func runEtcd() {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dataDir := flags.String("data-dir", "", "folder of the store")
	client := flags.String("listen-client-url", "", "where the API server connects")
	peer := flags.String("listen-peer-url", "", "needed by etcd, used by nobody")
	noFsync := flags.Bool("unsafe-no-fsync", false, "a crash of the machine may lose data; quick")
	_ = flags.Parse(os.Args[1:])

	config := embed.NewConfig()
	config.Name = "berth"
	config.Dir = *dataDir
	config.ListenClientUrls = []url.URL{parse(*client)}
	config.AdvertiseClientUrls = config.ListenClientUrls
	config.ListenPeerUrls = []url.URL{parse(*peer)}
	config.AdvertisePeerUrls = config.ListenPeerUrls
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = *noFsync
	config.QuotaBackendBytes = 4 << 30
	config.LogLevel = "warn"

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	server, err := embed.StartEtcd(config)
	if err != nil {
		refuse(err.Error())
	}
	select {
	case <-server.Server.ReadyNotify():
		fmt.Println("etcd: ready")
	case err = <-server.Err():
		refuse(err.Error())
	case <-stop:
		server.Close()
		return
	}
	select {
	case <-stop:
		server.Close()
	case err = <-server.Err():
		refuse(err.Error())
	}
}

func parse(text string) url.URL {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" {
		refuse("not an address: " + text)
	}
	return *address
}

func refuse(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
