package main

import "github.com/spf13/cobra"

func (a *app) runCommand() *cobra.Command     { return &cobra.Command{Use: "run"} }
func (a *app) stopCommand() *cobra.Command    { return &cobra.Command{Use: "stop"} }
func (a *app) kubectlCommand() *cobra.Command { return &cobra.Command{Use: "kubectl"} }
